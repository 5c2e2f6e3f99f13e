// A program of which nothing changes by itself: its threads wait in calls that start again by themselves, each with a signal mask
// of its own. It ends by being killed.
//
//   MDWE      no memory of it may be made executable that is or was writable: PR_SET_MDWE of prctl(2)
//   LEFTOVER  code in hexadecimal: it has what an engine that was killed may leave behind, in pages that are writable and
//             executable, as older ones had, and in pages that are one or the other
#include "target.h"
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

static int never[2];
static int word;
static char *memory;

enum { MEMORY = 1 << 20, WAITS = 4 };

static void block_some(int number)
{
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGRTMIN + number);
	sigaddset(&mask, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

static void *wait_for_ever(void *argument)
{
	long number = (long)argument;
	block_some(number);
	char byte;
	switch (number % WAITS) {
	case 0:
		must(read(never[0], &byte, 1));
		break;
	case 1:
		syscall(SYS_futex, &word, 0, 0, NULL, NULL, 0);
		break;
	case 2:
		pause();
		break;
	default:
		must(waitpid(-1, NULL, 0));
	}
	target_fail("thread %ld has come out of its call: %s", number, strerror(errno));
}

static char *map(char *at, size_t size, int protection)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED_NOREPLACE : 0);
	char *map = mmap(at, size, protection, flags, -1, 0);
	expect(map != MAP_FAILED, "cannot map %zu bytes: %s", size, strerror(errno));
	return map;
}

static void copy_code(const char *hex, char *to)
{
	for (unsigned byte; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		*to++ = byte;
}

static void leave(const char *code)
{
	enum { OLD = 1 << 18, PAGE = 4096, DATA = 13 * PAGE };
	char *old = map(NULL, 2 * OLD, PROT_READ | PROT_WRITE | PROT_EXEC);
	copy_code(code, old + OLD);
	char *page = map((char *)0x123450000000, PAGE, PROT_READ | PROT_WRITE);
	copy_code(code, page);
	must(mprotect(page, PAGE, PROT_READ | PROT_EXEC));
	map(page + PAGE, DATA, PROT_READ | PROT_WRITE)[0] = 1;
}

int main(void)
{
	target_start();
	if (target_option("LEFTOVER"))
		leave(target_option("LEFTOVER"));
	if (target_option("MDWE"))
		must(prctl(65, 1, 0, 0, 0)); // PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN
	must(pipe2(never, 0));
	memory = must((char *)malloc(MEMORY));
	for (int i = 0; i < MEMORY; i++)
		memory[i] = pattern(i);
	must(setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 4096 }));
	if (must(fork()) == 0)
		wait_for_ever((void *)2);
	pthread_t thread;
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 256 * 1024);
	for (long number = 0; number < 2 * WAITS; number++)
		expect(pthread_create(&thread, &small, wait_for_ever, (void *)number) == 0, "cannot start a thread");
	for (unsigned long tick = 1; tick < 4; tick++)
		target_tick(tick);
	wait_for_ever((void *)8);
	return 0;
}
