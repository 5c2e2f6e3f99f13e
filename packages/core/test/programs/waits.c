// Calls that wait for a time, each in a thread of its own, again and again. None of them may end early, end for no reason, or end
// much later than it may: those of which nobody knows how long they had waited when they were dumped wait in full once more. A tick:
// the main thread has looked at all.
#include "target.h"
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>

// LONG would end far too late if it began anew after each dump. Milliseconds.
enum { WAIT = 1500, LONG = 5000, EARLY = 20, SLACK = 60000, SHORT_SLACK = 1500, GAP = 100 };

static pthread_mutex_t saying = PTHREAD_MUTEX_INITIALIZER;
static int word = 1;
static int set;
static volatile bool ending;
static volatile int rounds;
// How long nobody ran, all in all: its clock goes on while it is restored.
static volatile long lost;

static struct timespec in(clockid_t clock, long ms)
{
	struct timespec now;
	clock_gettime(clock, &now);
	long long end = now.tv_sec * 1000000000LL + now.tv_nsec + ms * 1000000LL;
	return (struct timespec){ end / 1000000000, end % 1000000000 };
}

static const struct timespec whole = { WAIT / 1000, WAIT % 1000 * 1000000 };

static bool sleeps(void)
{
	return nanosleep(&whole, NULL) == 0;
}

static bool sleeps_and_asks(void)
{
	struct timespec time = { LONG / 1000, 0 }, left = { 0, 0 };
	return nanosleep(&time, &left) == 0;
}

static bool sleeps_in_place(void)
{
	struct timespec time = { LONG / 1000, 0 };
	return nanosleep(&time, &time) == 0;
}

static bool sleeps_by_boot(void)
{
	struct timespec left = { 0, 0 };
	return (errno = clock_nanosleep(CLOCK_BOOTTIME, 0, &whole, &left)) == 0;
}

static bool sleeps_until(void)
{
	struct timespec end = in(CLOCK_MONOTONIC, WAIT);
	return (errno = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL)) == 0;
}

static bool polls(void)
{
	return poll(NULL, 0, WAIT) == 0;
}

static bool polls_with_mask(void)
{
	sigset_t none;
	sigemptyset(&none);
	return ppoll(NULL, 0, &whole, &none) == 0;
}

static bool selects(void)
{
	struct timeval time = { WAIT / 1000, WAIT % 1000 * 1000 };
	return select(0, NULL, NULL, NULL, &time) == 0;
}

static bool waits_for_futex(void)
{
	return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, &whole, NULL, 0) == -1 && errno == ETIMEDOUT;
}

static bool waits_for_futex_until(void)
{
	struct timespec end = in(CLOCK_MONOTONIC, WAIT);
	return syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 1, &end, NULL, -1) == -1 && errno == ETIMEDOUT;
}

static bool waits_for_events(void)
{
	struct epoll_event event;
	return epoll_wait(set, &event, 1, WAIT) == 0;
}

static bool waits_for_signal(void)
{
	sigset_t wanted;
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGUSR2);
	return sigtimedwait(&wanted, NULL, &whole) == -1 && errno == EAGAIN;
}

static struct wait {
	const char *name;
	bool (*call)(void);
	long ms;
	long slack;
} waits[] = {
	{ "nanosleep", sleeps, WAIT, SLACK },
	{ "nanosleep with what is left", sleeps_and_asks, LONG, SHORT_SLACK },
	{ "nanosleep in place", sleeps_in_place, LONG, SHORT_SLACK },
	{ "clock_nanosleep", sleeps_by_boot, WAIT, SLACK },
	{ "clock_nanosleep until", sleeps_until, WAIT, SLACK },
	{ "poll", polls, WAIT, SLACK },
	{ "ppoll", polls_with_mask, WAIT, SLACK },
	{ "select", selects, WAIT, SLACK },
	{ "futex", waits_for_futex, WAIT, SLACK },
	{ "futex until", waits_for_futex_until, WAIT, SLACK },
	{ "epoll_wait", waits_for_events, WAIT, SLACK },
	{ "sigtimedwait", waits_for_signal, WAIT, SLACK },
};
enum { WAITS = sizeof(waits) / sizeof(*waits) };

static void *wait_again(void *argument)
{
	struct wait *wait = argument;
	while (!ending) {
		long begun = milliseconds(), before = lost;
		errno = 0;
		bool ok = wait->call();
		int error = errno;
		long took = milliseconds() - begun;
		rest(GAP); // until the main thread has seen that somebody was restored
		pthread_mutex_lock(&saying);
		expect(ok, "%s came back after %ld ms: %s", wait->name, took, strerror(error));
		expect(took >= wait->ms - EARLY, "%s ended after %ld ms", wait->name, took);
		expect(took < wait->ms + wait->slack + lost - before, "%s took %ld ms", wait->name, took);
		rounds++;
		pthread_mutex_unlock(&saying);
	}
	return NULL;
}

int main(void)
{
	target_start();
	sigset_t blocked;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	set = must(epoll_create1(0));
	pthread_t threads[WAITS];
	for (int at = 0; at < WAITS; at++)
		expect(pthread_create(&threads[at], NULL, wait_again, &waits[at]) == 0, "cannot start a thread");
	long last = milliseconds();
	for (unsigned long tick = 1; !target_finishing(); rest(10)) {
		long now = milliseconds();
		if (now - last > GAP)
			lost += now - last;
		last = now;
		if (!target_paused())
			target_tick(tick++);
	}
	ending = true;
	for (int at = 0; at < WAITS; at++)
		pthread_join(threads[at], NULL);
	expect(rounds >= WAITS, "only %d waits have ended", rounds);
	target_say("DONE\n");
	return 0;
}
