// What the machine itself needs for some bytes: `limits BYTES FILE ROUNDS` prints a line a round, the nanoseconds of a copy in memory
// and of a write to a new file, which it removes.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PIECE (1 << 20)

static int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static char *map(size_t bytes)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		exit(3);
	memset(memory, 1, bytes);
	return memory;
}

static int64_t copy(char *to, const char *from, size_t bytes)
{
	int64_t begun = now();
	memcpy(to, from, bytes);
	// As if somebody read it: else a compiler may leave the copy out.
	__asm__ volatile("" : : "r"(to) : "memory");
	return now() - begun;
}

static int64_t write_file(const char *path, const char *from, size_t bytes)
{
	int64_t begun = now();
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	for (size_t at = 0; at < bytes;) {
		ssize_t done = write(file, from + at, bytes - at < PIECE ? bytes - at : PIECE);
		if (done <= 0)
			exit(5);
		at += done;
	}
	close(file);
	int64_t took = now() - begun;
	unlink(path);
	return took;
}

int main(int count, char **arguments)
{
	if (count != 4)
		return 2;
	size_t bytes = strtoull(arguments[1], NULL, 10);
	char *from = map(bytes), *to = map(bytes);
	// The first one is not counted: a virtual machine may have to ask its host for the memory.
	write_file(arguments[2], from, bytes);
	for (int rounds = atoi(arguments[3]); rounds > 0; rounds--) {
		int64_t copied = copy(to, from, bytes), written = write_file(arguments[2], from, bytes);
		printf("%lld %lld\n", (long long)copied, (long long)written);
	}
	return 0;
}
