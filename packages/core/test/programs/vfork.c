// A shell's way to start commands, slowly: its child borrows its memory for VFORK_MS milliseconds of each round, and then
// becomes another program; the first three are quick.
#include "target.h"
#include <sys/wait.h>

int main(void)
{
	target_start();
	const char *hold = getenv("VFORK_MS");
	int milliseconds_held = hold ? atoi(hold) : 0;
	for (unsigned long tick = 1; !target_finishing(); tick++) {
		target_tick(tick);
		pid_t child = vfork();
		if (child == 0) {
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
