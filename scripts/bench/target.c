// What the bench dumps: a process that is large in the ways it is told, and measures for how long it stood still.
// `target bytes=N zeros=PERCENT threads=N processes=N descriptors=N maps=N folder=PATH`
// The caller prints `PID ADDRESS`. The target itself is nobody's child, has a session of its own and nothing open but /dev/null and
// its files. At ADDRESS it keeps `struct clock`, which the bench reads and resets in its memory.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define RUN (16 * PAGE)
#define SECOND 1000000000LL
// Nobody ends a target whose bench was killed: it does so itself.
#define LONGEST (900 * SECOND)

static volatile struct clock {
	int64_t gap; // the longest time between two readings, in nanoseconds
	int64_t readings;
} seen;

static char *folder = ".";
static pid_t *children;
static long processes = 1;

static long number(int count, char **arguments, const char *name, long otherwise)
{
	size_t length = strlen(name);
	for (int at = 1; at < count; at++)
		if (!strncmp(arguments[at], name, length) && arguments[at][length] == '=')
			return atol(arguments[at] + length + 1);
	return otherwise;
}

static void *sleep_on(void *nothing)
{
	for (;;)
		pause();
	return nothing;
}

static void *map(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		exit(3);
	return memory;
}

// Random bytes; of each hundred runs of pages so many are written too, but with zeros.
static void fill(long bytes, long zeros)
{
	uint64_t random = 88172645463325252ULL;
	char *memory = bytes ? map(bytes) : NULL;
	for (long run = 0; run * RUN < bytes; run++) {
		uint64_t mask = run * zeros / 100 == (run + 1) * zeros / 100 ? ~0ULL : 0;
		volatile uint64_t *words = (volatile uint64_t *)(memory + run * RUN);
		for (long at = 0; at < RUN / 8; at++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			words[at] = random & mask;
		}
	}
}

// Neighbours with different rights stay maps of their own. Every second one has a page of its own.
static void make_maps(long maps)
{
	char *memory = maps ? map(maps * PAGE) : NULL;
	for (long at = 0; at < maps; at++)
		if (at % 2)
			memory[at * PAGE] = 1;
		else if (mprotect(memory + at * PAGE, PAGE, PROT_READ))
			exit(4);
}

static void open_files(long descriptors)
{
	// Standard input, output and error are there already.
	for (long at = 3; at < descriptors; at++) {
		char path[4096];
		snprintf(path, sizeof(path), "%s/file-%ld", folder, at);
		if (open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) < 0)
			exit(5);
	}
}

static void make_threads(long threads)
{
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	for (long at = 1; at < threads; at++) {
		pthread_t thread;
		if (pthread_create(&thread, &small, sleep_on, NULL))
			exit(6);
	}
}

static void make_processes(int report)
{
	children = calloc(processes, sizeof(*children));
	for (long at = 1; at < processes; at++) {
		children[at] = fork();
		if (children[at] < 0)
			exit(7);
		if (children[at] == 0) {
			close(report);
			sleep_on(NULL);
		}
	}
}

static int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * SECOND + time.tv_nsec;
}

// A thread that sleeps for a moment is let in at once when it wakes: the gaps are those of the freeze, not of a full processor.
static void watch_clock(void)
{
	const struct timespec moment = { .tv_nsec = 100000 };
	int64_t begun = now(), last = begun;
	while (last - begun < LONGEST) {
		int64_t time = now();
		if (time - last > seen.gap)
			seen.gap = time - last;
		last = time;
		seen.readings++;
		nanosleep(&moment, NULL);
	}
	for (long at = 1; at < processes; at++)
		kill(children[at], SIGKILL);
}

static void become(int count, char **arguments, int report)
{
	setsid();
	int null = open("/dev/null", O_RDWR);
	for (int at = 0; at < 3; at++)
		dup2(null, at);
	report = dup2(report, 3);
	close_range(4, ~0U, 0);
	make_processes(report);
	fill(number(count, arguments, "bytes", 0), number(count, arguments, "zeros", 0));
	make_maps(number(count, arguments, "maps", 0));
	make_threads(number(count, arguments, "threads", 1));
	dprintf(report, "%d %lu\n", getpid(), (unsigned long)&seen);
	close(report);
	open_files(number(count, arguments, "descriptors", 3));
	// From the first reading on it is complete.
	watch_clock();
}

int main(int count, char **arguments)
{
	int report[2];
	char said[64];
	for (int at = 1; at < count; at++)
		if (!strncmp(arguments[at], "folder=", 7))
			folder = arguments[at] + 7;
	processes = number(count, arguments, "processes", 1);
	if (pipe(report))
		return 2;
	if (fork() == 0) {
		become(count, arguments, report[1]);
		_exit(0);
	}
	close(report[1]);
	ssize_t length = read(report[0], said, sizeof(said));
	return length > 0 && write(1, said, length) == length ? 0 : 1;
}
