// A chain of CHAIN processes, each the only child of the one before. The last one ticks; at the end each hands on the exit
// code of its child.
#include "target.h"
#include <sys/wait.h>

int main(void)
{
	target_start();
	const char *option = target_option("CHAIN");
	for (long left = option ? strtol(option, NULL, 10) : 10; left > 1; left--) {
		if (must(fork()) == 0)
			continue;
		int status;
		while (wait(&status) == -1)
			expect(errno == EINTR, "wait: %s", strerror(errno));
		return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
	}
	for (unsigned long tick = 1; !target_finishing(); tick++) {
		target_tick(tick);
		rest(10);
	}
	target_say("DONE\n");
	return 0;
}
