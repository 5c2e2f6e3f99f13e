// Processes that have registered for different commands of membarrier(2), one of them for none, and threads of the first. A tick: each is
// registered for what it was, and for nothing else: what needs a registration is done, or refused. BARRIERS_PLAIN: without what CRIU does
// not tell apart.
#include "target.h"
#include <linux/membarrier.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

enum { GET_REGISTRATIONS = 1 << 9, PROCESSES = 3, THREADS = 2 };

static const int registrations[PROCESSES] = {
	MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE,
	MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ,
	0,
};
static int mine, told;
static bool tells;

static int barrier(int command) { return syscall(SYS_membarrier, command, 0, 0); }

// A command and what it needs.
static const int commands[][2] = {
	{ MEMBARRIER_CMD_PRIVATE_EXPEDITED, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED },
	{ MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE },
	{ MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ },
};

static void look(void)
{
	expect(!tells || barrier(GET_REGISTRATIONS) == told, "it is registered for %x, not %x", barrier(GET_REGISTRATIONS), told);
	for (size_t at = 0; at < sizeof(commands) / sizeof(*commands); at++) {
		int answer = barrier(commands[at][0]);
		bool may = mine & commands[at][1];
		expect(may ? answer == 0 : answer == -1 && errno == EPERM, "command %x answers %d (%s)", commands[at][0], answer, strerror(errno));
	}
}

static void become(int number)
{
	mine = registrations[number];
	if (mine && target_option("BARRIERS_PLAIN"))
		mine |= MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
	// The kernel tells the plain one, too, where there is another of the private ones, and does not do it.
	told = mine & ~MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED ? mine | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED : mine;
	for (int bit = 1; bit <= mine; bit <<= 1)
		if (mine & bit)
			must(barrier(bit));
}

static void *work(void *nothing)
{
	for (;;) {
		look();
		rest(20);
	}
	return nothing;
}

int main(void)
{
	target_start();
	tells = barrier(GET_REGISTRATIONS) >= 0;
	for (int number = 1; number < PROCESSES; number++) {
		if (must(fork()) != 0)
			continue;
		must(prctl(PR_SET_PDEATHSIG, SIGKILL));
		become(number);
		work(NULL);
	}
	become(0);
	for (int at = 0; at < THREADS; at++)
		expect(pthread_create(&(pthread_t){ 0 }, NULL, work, NULL) == 0, "no thread");
	for (unsigned long tick = 1; !target_finishing();) {
		look();
		if (!target_paused())
			target_tick(tick++);
		rest(20);
	}
	target_say("DONE\n");
	return 0;
}
