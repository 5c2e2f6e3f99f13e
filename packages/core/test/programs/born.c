// A root with CHILDREN processes that only wait. SIGUSR1 has it make one more; those that are ended are buried.
#include "target.h"
#include <signal.h>
#include <sys/wait.h>

enum { CHILDREN = 2, MOST = 64 };

static pid_t children[MOST];
static int count;
static volatile sig_atomic_t wanted;

static void on_usr1(int number)
{
	(void)number;
	wanted++;
}

static void bear(void)
{
	expect(count < MOST, "too many children");
	pid_t pid = must(fork());
	if (pid == 0)
		for (;;)
			pause();
	children[count++] = pid;
}

int main(void)
{
	target_start();
	must(sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = on_usr1, .sa_flags = SA_RESTART }, NULL));
	for (int child = 0; child < CHILDREN; child++)
		bear();
	for (unsigned long tick = 1; !target_finishing();) {
		for (; wanted > 0; wanted--)
			bear();
		for (pid_t pid; (pid = waitpid(-1, NULL, WNOHANG)) > 0;) {
			for (int child = 0; child < count; child++)
				if (children[child] == pid)
					children[child] = children[--count];
		}
		if (!target_paused())
			target_tick(tick++);
		rest(1);
	}
	for (int child = 0; child < count; child++) {
		must(kill(children[child], SIGKILL));
		must(waitpid(children[child], NULL, 0));
	}
	target_say("DONE\n");
	return 0;
}
