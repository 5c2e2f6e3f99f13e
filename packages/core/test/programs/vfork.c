// A shell's way to start commands, slowly: its child borrows its memory for VFORK_MS milliseconds of each round, and then
// becomes another program; the first three are quick. With VFORK_ASKS the child asks another thread of its parent first, which
// takes as long to answer: while that thread stands still, neither child nor parent go on.
#include "target.h"
#include <pthread.h>
#include <sys/wait.h>

static volatile bool asked, answered;
static int milliseconds_held;

static void *answer(void *argument)
{
	for (;;) {
		rest(1);
		if (asked && !answered) {
			rest(milliseconds_held);
			answered = true;
		}
	}
	return argument;
}

static void ask(void)
{
	answered = false;
	asked = true;
	while (!answered)
		rest(1);
	asked = false;
}

int main(void)
{
	target_start();
	const char *hold = getenv("VFORK_MS");
	milliseconds_held = hold ? atoi(hold) : 0;
	bool asks = target_option("VFORK_ASKS");
	pthread_t thread;
	if (asks)
		expect(pthread_create(&thread, NULL, answer, NULL) == 0, "cannot start a thread");
	for (unsigned long tick = 1; !target_finishing(); tick++) {
		target_tick(tick);
		pid_t child = vfork();
		if (child == 0) {
			if (asks)
				ask();
			else
				rest(tick > 3 ? milliseconds_held : 0);
			execl("/bin/true", "true", NULL);
			_exit(127);
		}
		int status;
		must(waitpid(child, &status, 0));
		expect(status == 0, "the child ended with %#x", status);
	}
	target_say("DONE\n");
	return 0;
}
