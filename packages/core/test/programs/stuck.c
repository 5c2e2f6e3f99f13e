// After three ticks it waits in the kernel for a child, as after vfork() (but with memory of its own): no signal and no
// tracer gets it out of there until the child ends, which it does when there is a file `release`.
#include "target.h"
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

int main(void)
{
	target_start();
	for (unsigned long tick = 1; !target_finishing(); tick++) {
		target_tick(tick);
		if (tick != 3) {
			rest(5);
			continue;
		}
		pid_t child = must(syscall(SYS_clone, CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, NULL));
		if (child == 0) {
			while (access(target_path("release"), F_OK))
				rest(5);
			_exit(0);
		}
		int status;
		must(waitpid(child, &status, 0));
		expect(status == 0, "the child ended with %#x", status);
	}
	target_say("DONE\n");
	return 0;
}
