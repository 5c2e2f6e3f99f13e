// As many open files as HANDLES says, each with its own position, under a limit of 4,096 descriptors. A tick: all are as they were.
#include "target.h"
#include <sys/resource.h>

enum { LIMIT = 4096, FIRST = 8 };

int main(void)
{
	target_start();
	struct rlimit limit = { LIMIT, LIMIT };
	must(setrlimit(RLIMIT_NOFILE, &limit));
	int count = atoi(target_option("HANDLES"));
	must(close(must(open("held", O_RDWR | O_CREAT, 0600))));
	// The highest number that there is, too.
	must(dup2(must(open("held", O_RDONLY)), LIMIT - 1));
	for (int fd = FIRST; fd < FIRST + count; fd++) {
		int opened = must(open("held", O_RDONLY));
		if (opened != fd) {
			must(dup2(opened, fd));
			must(close(opened));
		}
		must(lseek(fd, fd % 50, SEEK_SET));
	}
	for (unsigned long tick = 1;; tick++) {
		bool last = target_finishing();
		for (int fd = FIRST; fd < FIRST + count; fd++)
			expect(lseek(fd, 0, SEEK_CUR) == fd % 50, "descriptor %d is at %ld", fd, (long)lseek(fd, 0, SEEK_CUR));
		expect(lseek(LIMIT - 1, 0, SEEK_CUR) == 0, "the last descriptor is another");
		expect(fcntl(FIRST + count, F_GETFD) == -1 || FIRST + count == LIMIT - 1, "there is one descriptor more");
		if (last)
			break;
		target_tick(tick);
		rest(2);
	}
	target_say("DONE\n");
	return 0;
}
