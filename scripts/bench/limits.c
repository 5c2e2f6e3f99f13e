// What the machine itself needs for some bytes: `limits BYTES FILE` prints the nanoseconds of a copy in memory and of a write to a
// new file, which it removes.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PIECE (1 << 20)

static int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int count, char **arguments)
{
	if (count != 3)
		return 2;
	size_t bytes = strtoull(arguments[1], NULL, 10);
	char *from = malloc(bytes), *to = malloc(bytes);
	if (from == NULL || to == NULL)
		return 3;
	// Every page is there before the clock starts.
	memset(from, 1, bytes);
	memset(to, 2, bytes);

	int64_t begun = now();
	memcpy(to, from, bytes);
	int64_t copied = now() - begun;
	if (bytes > 0 && *(volatile char *)(to + bytes - 1) != 1)
		return 4;

	begun = now();
	int file = open(arguments[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	for (size_t at = 0; at < bytes;) {
		ssize_t done = write(file, from + at, bytes - at < PIECE ? bytes - at : PIECE);
		if (done <= 0)
			return 5;
		at += done;
	}
	close(file);
	int64_t written = now() - begun;
	unlink(arguments[2]);
	printf("%lld %lld\n", (long long)copied, (long long)written);
	return 0;
}
