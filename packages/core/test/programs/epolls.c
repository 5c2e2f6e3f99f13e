// Event polls: over a timer, a signal, a counter, watches of files, a process, and over other polls; over files whose number was closed,
// means something else by now, or was used more than once; with every flag. A tick: each tells what has happened and nothing else.
#include "target.h"
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static int inner, outer;

static int counter(void)
{
	return must(eventfd(0, EFD_NONBLOCK));
}

static void watch(int poll, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = { .events = events, .data.u64 = data };
	must(epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event));
}

static void raise_count(int fd)
{
	uint64_t one = 1;
	expect(write(fd, &one, sizeof(one)) == sizeof(one), "write to a counter");
}

static void take_count(int fd)
{
	uint64_t count;
	expect(read(fd, &count, sizeof(count)) == sizeof(count), "read of a counter");
}

// All that a poll tells now: a bit for each.
static uint64_t told(int poll)
{
	struct epoll_event events[64];
	uint64_t all = 0;
	int count = must(epoll_wait(poll, events, 64, 0));
	for (int i = 0; i < count; i++)
		all |= 1ULL << events[i].data.u64;
	return all;
}

static void expect_told(int poll, uint64_t wanted, const char *what)
{
	uint64_t all = told(poll);
	expect(all == wanted, "%s: told %lx instead of %lx", what, (long)all, (long)wanted);
}

// Says it once, through the poll and through the one around it.
static void check(int fd, int bit, const char *what)
{
	raise_count(fd);
	expect_told(outer, 1, what);
	expect_told(inner, 1ULL << bit, what);
	take_count(fd);
	expect_told(inner, 0, what);
}

enum { PLAIN, TIMER, SIGNAL, FILES, PROCESS, CLOSED, REUSED, OTHER, TWICE, TWICE_MORE, ALONE, EDGE, ONCE };

int main(void)
{
	target_start();
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	inner = must(epoll_create1(0));
	outer = must(epoll_create1(EPOLL_CLOEXEC));
	watch(outer, inner, EPOLLIN, 0);
	int plain = counter(), timer = must(timerfd_create(CLOCK_MONOTONIC, 0)), signals = must(signalfd(-1, &set, SFD_NONBLOCK));
	int files = must(inotify_init1(IN_NONBLOCK)), process = must(syscall(SYS_pidfd_open, getpid(), 0));
	// An ordinary user who dumps it finds what is open.
	must(inotify_add_watch(files, target_path("log"), IN_ATTRIB));
	watch(inner, plain, EPOLLIN | EPOLLPRI | EPOLLRDHUP, PLAIN);
	watch(inner, timer, EPOLLIN, TIMER);
	watch(inner, signals, EPOLLIN | EPOLLWAKEUP, SIGNAL);
	watch(inner, files, EPOLLIN, FILES);
	watch(inner, process, EPOLLIN, PROCESS);
	// Its number is closed; the next one's means another file that is watched too.
	int closed = counter(), number = must(fcntl(closed, F_DUPFD, 90));
	watch(inner, number, EPOLLIN, CLOSED);
	must(close(number));
	int reused = counter();
	number = must(fcntl(reused, F_DUPFD, 100));
	watch(inner, number, EPOLLIN, REUSED);
	int other = must(dup3(counter(), number, O_CLOEXEC));
	watch(inner, number, EPOLLIN, OTHER);
	// One file under two numbers, one of them closed.
	int twice = counter();
	number = must(fcntl(twice, F_DUPFD, 110));
	watch(inner, twice, EPOLLIN, TWICE);
	watch(inner, number, EPOLLIN, TWICE_MORE);
	must(close(number));
	int alone = counter(), edge = counter(), once = counter();
	watch(inner, alone, EPOLLIN | EPOLLEXCLUSIVE, ALONE);
	watch(inner, edge, EPOLLIN | EPOLLET, EDGE);
	watch(inner, once, EPOLLIN | EPOLLONESHOT, ONCE);
	for (unsigned long ticks = 1; !target_finishing(); rest(1)) {
		expect_told(inner, 0, "nothing");
		if (target_paused())
			continue;
		check(plain, PLAIN, "a counter");
		check(closed, CLOSED, "a number that was closed");
		check(reused, REUSED, "a number that is used again");
		check(other, OTHER, "what uses a number again");
		check(alone, ALONE, "one of its own");
		raise_count(twice);
		expect_told(inner, 1 << TWICE | 1 << TWICE_MORE, "a file under two numbers");
		take_count(twice);
		raise_count(edge);
		expect_told(inner, 1 << EDGE, "an edge");
		expect_told(inner, 0, "an edge that is over");
		take_count(edge);
		must(kill(getpid(), SIGUSR2));
		expect_told(inner, 1 << SIGNAL, "a signal");
		struct signalfd_siginfo info;
		must(read(signals, &info, sizeof(info)));
		struct itimerspec soon = { { 0, 0 }, { 0, 1 } };
		must(timerfd_settime(timer, 0, &soon, NULL));
		for (long until = milliseconds() + 20000; told(inner) != 1 << TIMER;)
			expect(milliseconds() < until, "a timer is not told");
		uint64_t count;
		must(read(timer, &count, sizeof(count)));
		target_tick(ticks++);
	}
	// It is told once, and then not before it is asked for again.
	raise_count(once);
	expect_told(inner, 1 << ONCE, "once");
	expect_told(inner, 0, "once more");
	must(chmod(target_path("log"), 0644));
	expect_told(inner, 1 << FILES, "a watch of files");
	struct epoll_event event = { .events = EPOLLIN };
	must(epoll_ctl(inner, EPOLL_CTL_DEL, plain, &event));
	expect(epoll_ctl(inner, EPOLL_CTL_DEL, closed, &event) == -1 && errno == ENOENT, "what was closed has another number");
	must(dup2(closed, 90));
	must(epoll_ctl(inner, EPOLL_CTL_DEL, 90, &event));
	must(epoll_ctl(inner, EPOLL_CTL_DEL, other, &event));
	must(dup2(reused, other));
	must(epoll_ctl(inner, EPOLL_CTL_DEL, other, &event));
	target_say("DONE\n");
	return 0;
}
