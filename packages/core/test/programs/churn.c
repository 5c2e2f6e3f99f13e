// A tree whose processes come and go all the time: some end in the moment in which they are to stand still.
#include "target.h"
#include <sys/wait.h>

enum { CHILDREN = 24 };

int main(void)
{
	target_start();
	for (unsigned long tick = 1; !target_finishing(); tick++) {
		target_tick(tick);
		for (int child = 0; child < CHILDREN; child++) {
			pid_t pid = must(fork());
			if (pid == 0) {
				rest(child % 6);
				_exit(child);
			}
		}
		int ended = 0, sum = 0, status;
		while (ended < CHILDREN) {
			must(wait(&status));
			expect(WIFEXITED(status), "a child ended with %#x", status);
			sum += WEXITSTATUS(status);
			ended++;
		}
		expect(sum == CHILDREN * (CHILDREN - 1) / 2, "the exit codes came to %d", sum);
	}
	target_say("DONE\n");
	return 0;
}
