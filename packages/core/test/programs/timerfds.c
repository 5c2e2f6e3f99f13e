// Timers that are descriptors: every clock, relative and to a moment, running, expired, not started. A tick: the one that is read has
// expired again; the others are as they were, and what has expired without being read waits to be read at the end.
// TIMERFDS_PLAIN leaves out what CRIU cannot restore: alarm clocks, and one with an interval that is never read, of which CRIU counts
// only the first expiration.
#include "target.h"
#include <poll.h>
#include <sys/timerfd.h>

#define LONG 1000000L // seconds until the end of those that only count down
#define SLACK 600L // seconds that a restore may come late

struct timer {
	const char *name;
	clockid_t clock;
	int create, set;
	struct itimerspec spec;
	int fd; // -1: this user may not have it
	long left; // seconds, when it was last looked at
	struct timespec moment; // of its clock, where it is set to one
};

enum { READ, ONCE, NEVER_READ, STOPPED, FIRST_LONG };
static struct timer timers[] = {
	[READ] = { "is read", CLOCK_MONOTONIC, TFD_NONBLOCK, 0, { { 0, 20000000 }, { 0, 20000000 } } },
	[ONCE] = { "has expired once", CLOCK_MONOTONIC, TFD_NONBLOCK, 0, { { 0, 0 }, { 0, 1000000 } } },
	[NEVER_READ] = { "is never read", CLOCK_MONOTONIC, TFD_NONBLOCK, 0, { { 0, 20000000 }, { 0, 20000000 } } },
	[STOPPED] = { "is not started", CLOCK_BOOTTIME, TFD_NONBLOCK, 0, { { 0, 0 }, { 0, 0 } } },
	{ "counts down", CLOCK_REALTIME, 0, 0, { { 3, 4 }, { LONG, 0 } } },
	{ "counts down on the clock of boot time", CLOCK_BOOTTIME, TFD_CLOEXEC, 0, { { 0, 0 }, { LONG, 5 } } },
	{ "waits for a moment", CLOCK_REALTIME, 0, TFD_TIMER_ABSTIME, { { 0, 0 }, { LONG, 0 } } },
	{ "waits for a moment, unless the clock is set", CLOCK_REALTIME, 0, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
	  { { 0, 0 }, { LONG, 0 } } },
	{ "waits for a moment since the start", CLOCK_MONOTONIC, 0, TFD_TIMER_ABSTIME, { { 60, 0 }, { LONG, 0 } } },
	{ "wakes the machine", CLOCK_REALTIME_ALARM, 0, 0, { { 0, 0 }, { LONG, 0 } } },
	{ "wakes the machine at a moment", CLOCK_BOOTTIME_ALARM, 0, TFD_TIMER_ABSTIME, { { 0, 0 }, { LONG, 0 } } },
};
enum { TIMERS = sizeof(timers) / sizeof(*timers) };

// Without a clock that can wake it a machine does not show the time of those clocks, which is that of these.
static struct timespec now_of(clockid_t clock)
{
	struct timespec now;
	must(clock_gettime(clock == CLOCK_REALTIME_ALARM ? CLOCK_REALTIME : clock == CLOCK_BOOTTIME_ALARM ? CLOCK_BOOTTIME : clock, &now));
	return now;
}

static void start(struct timer *timer, bool plain)
{
	bool alarm = timer->clock == CLOCK_REALTIME_ALARM || timer->clock == CLOCK_BOOTTIME_ALARM;
	timer->fd = -1;
	if (plain && (alarm || timer == &timers[NEVER_READ]))
		return;
	timer->fd = timerfd_create(timer->clock, timer->create);
	if (timer->fd < 0 && errno == EPERM)
		return;
	must(timer->fd);
	struct itimerspec spec = timer->spec;
	if (timer->set & TFD_TIMER_ABSTIME) {
		spec.it_value.tv_sec += now_of(timer->clock).tv_sec;
		timer->moment = spec.it_value;
	}
	must(timerfd_settime(timer->fd, timer->set, &spec, NULL));
	timer->left = timer->spec.it_value.tv_sec;
}

static bool readable(struct timer *timer)
{
	struct pollfd ask = { .fd = timer->fd, .events = POLLIN };
	return must(poll(&ask, 1, 0)) == 1;
}

static uint64_t expirations(struct timer *timer)
{
	uint64_t count = 0;
	ssize_t length = read(timer->fd, &count, sizeof(count));
	expect(length == sizeof(count) || errno == EAGAIN, "%s: read: %s", timer->name, strerror(errno));
	return count;
}

// What is left, and for one that is set to a moment: that it is still that moment.
static void check_long(struct timer *timer)
{
	struct itimerspec now;
	if (timer->fd < 0)
		return;
	must(timerfd_gettime(timer->fd, &now));
	expect(now.it_interval.tv_sec == timer->spec.it_interval.tv_sec && now.it_interval.tv_nsec == timer->spec.it_interval.tv_nsec,
	       "%s: its interval is %ld s %ld ns", timer->name, now.it_interval.tv_sec, now.it_interval.tv_nsec);
	long left = now.it_value.tv_sec;
	expect(left <= timer->left && left > timer->left - SLACK, "%s: %ld s are left, and there were %ld", timer->name, left, timer->left);
	timer->left = left;
	if (timer->clock == CLOCK_REALTIME && timer->set) {
		long off = now_of(timer->clock).tv_sec + left - timer->moment.tv_sec;
		expect(off >= -2 && off <= SLACK, "%s: the moment is %ld s later", timer->name, off);
	}
	expect(!readable(timer), "%s: it has expired", timer->name);
}

int main(void)
{
	target_start();
	bool plain = target_option("TIMERFDS_PLAIN");
	for (int i = 0; i < TIMERS; i++)
		start(&timers[i], plain);
	int again = must(dup(timers[READ].fd));
	while (!readable(&timers[ONCE]))
		rest(1);
	unsigned long rested = 0, read = 0; // milliseconds that have passed for sure, expirations
	for (unsigned long ticks = 1; !target_finishing(); rested++, rest(1)) {
		for (int i = FIRST_LONG; i < TIMERS; i++)
			check_long(&timers[i]);
		expect(readable(&timers[ONCE]), "what has expired has not");
		expect(!readable(&timers[STOPPED]), "what was not started has expired");
		if (target_paused())
			continue;
		long until = milliseconds() + 20000;
		for (unsigned long before = read; read == before; rest(1)) {
			read += expirations(&timers[READ]);
			expect(milliseconds() < until, "a timer with an interval has not expired for 20 s");
		}
		target_tick(ticks++);
	}
	expect(expirations(&timers[ONCE]) == 1, "what had expired once has expired more often");
	expect(expirations(&timers[STOPPED]) == 0, "what was not started has expired");
	if (!plain) {
		uint64_t count = expirations(&timers[NEVER_READ]);
		expect(count + 1 >= rested / 20, "%lu expirations that were not read in %lu ms", (unsigned long)count, rested);
	}
	must(close(again));
	target_say("DONE\n");
	return 0;
}
