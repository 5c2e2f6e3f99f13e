// A directory that the kernel watches for it by signals (F_NOTIFY).
#include "target.h"
#include <signal.h>

static volatile sig_atomic_t told;

static void count(int signal)
{
	(void)signal;
	told++;
}

int main(void)
{
	target_start();
	signal(SIGIO, count);
	must(mkdir("watched", 0755));
	int directory = must(open("watched", O_RDONLY | O_DIRECTORY));
	must(fcntl(directory, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	for (unsigned long number = 1; !target_finishing(); rest(5)) {
		int before = told;
		must(close(must(open("watched/made", O_CREAT | O_RDWR, 0600))));
		expect(told > before, "it was not told of a new file");
		must(unlink("watched/made"));
		if (!target_paused())
			target_tick(number++);
	}
	target_say("DONE\n");
	return 0;
}
