// What every program here has in common: how it reports, and how it is asked.
//
// A target lives in a directory of its own (its current directory at the start):
//   log      one line a tick, appended: the tick's number. A line that does not follow the one before, or a line that
//            begins with FAIL, means that the program was damaged. After the last checks: DONE.
//   pause    while this file exists the program goes on checking itself, but does not tick: nothing of it changes
//   paused   exists while it does so; what it is does not matter
//   inside   what the thread that stands still sees of itself then (inside.h)
//   finish   asks for the last checks and an orderly end
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static char target_directory[PATH_MAX];
static int target_log = -1;

// The path of a file in the target's directory, wherever the current directory is by now. Not for two at once.
static inline const char *target_path(const char *name)
{
	static __thread char path[PATH_MAX + 64];
	snprintf(path, sizeof(path), "%s/%s", target_directory, name);
	return path;
}

__attribute__((noreturn, format(printf, 1, 2))) static inline void target_fail(const char *format, ...)
{
	char line[1024] = "FAIL ";
	va_list arguments;
	va_start(arguments, format);
	int length = 5 + vsnprintf(line + 5, sizeof(line) - 6, format, arguments);
	va_end(arguments);
	if (length > (int)sizeof(line) - 2)
		length = sizeof(line) - 2;
	line[length++] = '\n';
	if (write(target_log, line, length) != length) {
		int log = open(target_path("log"), O_WRONLY | O_APPEND);
		if (write(log, line, length) != length)
			abort();
	}
	syscall(SYS_exit_group, 3);
	__builtin_unreachable();
}

// expect(what holds, in words and values)
#define expect(condition, ...) ((condition) ? (void)0 : target_fail(__VA_ARGS__))

// For calls that never fail in an unharmed process.
#define must(call)                                                                       \
	({                                                                               \
		__typeof__(call) must_result = (call);                                   \
		if ((long)must_result == -1)                                             \
			target_fail("%s:%d %s: %s", __FILE__, __LINE__, #call, strerror(errno)); \
		must_result;                                                             \
	})

static inline void target_start(void)
{
	syscall(SYS_close_range, 3, ~0U, 0); // what the launcher leaked is not ours to be dumped with
	if (!getcwd(target_directory, sizeof(target_directory)))
		abort();
	target_log = must(open("log", O_WRONLY | O_APPEND | O_CREAT, 0644));
}

// Options come in the environment; an empty one is none.
static inline const char *target_option(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

static inline void target_say(const char *line)
{
	ssize_t length = strlen(line);
	expect(write(target_log, line, length) == length, "cannot write the log: %s", strerror(errno));
}

static inline void target_tick(unsigned long number)
{
	char line[32];
	snprintf(line, sizeof(line), "%lu\n", number);
	target_say(line);
}

static inline bool target_asked(const char *name)
{
	return access(target_path(name), F_OK) == 0;
}

// inside.h
static inline void inside_show(void);

static inline bool target_paused(void)
{
	static bool shown;
	bool paused = target_asked("pause");
	if (paused != shown) {
		if (paused) {
			inside_show();
			must(mkdir(target_path("paused"), 0755)); // at once, and without a descriptor that could be seen
		} else {
			must(rmdir(target_path("paused")));
		}
		shown = paused;
	}
	return paused;
}

static inline bool target_finishing(void)
{
	return target_asked("finish");
}

// A number that looks random and is not (splitmix64).
static inline uint64_t pattern(uint64_t seed)
{
	uint64_t z = seed + 0x9e3779b97f4a7c15ULL;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static inline long milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Sleeps the whole time, whatever interrupts it. TARGET_RESTS: this many times as long, where many programs run at once.
static inline void rest(long ms)
{
	static long times;
	if (times == 0)
		times = getenv("TARGET_RESTS") ? atol(getenv("TARGET_RESTS")) : 1;
	ms *= times;
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };
	while (nanosleep(&time, &time) && errno == EINTR)
		;
}

#include "inside.h"
