// Answers each piece of its input on its output, with how many it has had by then: the other ends of both pipes are outside.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	syscall(SYS_close_range, 3, ~0U, 0); // what the launcher leaked is not ours to be dumped with
	int log = count > 1 ? open(arguments[1], O_WRONLY | O_APPEND | O_CREAT, 0644) : -1;
	if (fcntl(1, F_SETFL, fcntl(1, F_GETFL) | O_NONBLOCK) < 0 || dprintf(1, "ready\n") < 0)
		return 1;
	char piece[256];
	for (unsigned long had = 1;; had++) {
		ssize_t length = read(0, piece, sizeof(piece));
		if (length <= 0)
			return length < 0;
		const char *how = fcntl(1, F_GETFL) & O_NONBLOCK && !(fcntl(0, F_GETFL) & O_NONBLOCK) ? "as it was" : "otherwise";
		if (dprintf(1, "%lu %s: %.*s\n", had, how, (int)length, piece) < 0)
			return 2;
		if (log >= 0 && dprintf(log, "%lu\n", had) < 0)
			return 3;
	}
}
