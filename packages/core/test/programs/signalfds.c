// Signals that are read. A tick: a signal is read that this process has sent itself; others wait all the time, of the process and of
// its thread, and are read at the end, each as it was sent.
#include "target.h"
#include <signal.h>
#include <sys/signalfd.h>

enum { QUEUED = 3 };

static sigset_t set_of(int one, int two)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, one);
	if (two)
		sigaddset(&set, two);
	return set;
}

// The next signal that a descriptor has; nothing when there is none.
static bool next(int fd, struct signalfd_siginfo *info)
{
	ssize_t length = read(fd, info, sizeof(*info));
	expect(length == sizeof(*info) || errno == EAGAIN, "read of a signalfd: %zd %s", length, strerror(errno));
	return length == sizeof(*info);
}

static void expect_value(int fd, int signal, int value)
{
	struct signalfd_siginfo info;
	expect(next(fd, &info), "signal %d does not wait", signal);
	expect((int)info.ssi_signo == signal && info.ssi_int == value, "signal %d with %d is %u with %d", signal, value, info.ssi_signo,
	       info.ssi_int);
	expect(info.ssi_code == SI_QUEUE, "signal %d has code %d", signal, info.ssi_code);
}

int main(void)
{
	target_start();
	int waiting_signal = SIGRTMIN + 3, changed_signal = SIGRTMIN + 5;
	sigset_t all = set_of(SIGUSR2, waiting_signal), read_set = set_of(SIGUSR2, 0), waiting_set = set_of(waiting_signal, SIGHUP);
	sigaddset(&all, changed_signal);
	sigaddset(&all, SIGHUP);
	must(sigprocmask(SIG_BLOCK, &all, NULL));
	int reader = must(signalfd(-1, &read_set, SFD_NONBLOCK | SFD_CLOEXEC));
	int waiting = must(signalfd(-1, &waiting_set, SFD_NONBLOCK));
	// One whose mask is another by now.
	sigset_t changed_set = set_of(changed_signal, 0);
	int changed = must(signalfd(-1, &waiting_set, SFD_NONBLOCK));
	must(signalfd(changed, &changed_set, 0));
	int blocking = must(signalfd(-1, &changed_set, 0));
	for (int value = 0; value < QUEUED; value++)
		must(sigqueue(getpid(), waiting_signal, (union sigval){ .sival_int = 100 + value }));
	must(sigqueue(getpid(), changed_signal, (union sigval){ .sival_int = 7 }));
	must(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGHUP));
	struct signalfd_siginfo info;
	for (unsigned long ticks = 1; !target_finishing(); rest(1)) {
		expect(!next(reader, &info), "signal %u that nobody sent", info.ssi_signo);
		if (target_paused())
			continue;
		must(kill(getpid(), SIGUSR2));
		expect(next(reader, &info), "a signal does not arrive");
		expect(info.ssi_signo == SIGUSR2 && (pid_t)info.ssi_pid == getpid(), "signal %u of %u", info.ssi_signo, info.ssi_pid);
		target_tick(ticks++);
	}
	// SIGHUP waits for the thread, and is read first: it is the lowest.
	expect(next(waiting, &info) && info.ssi_signo == SIGHUP && info.ssi_code == SI_TKILL, "signal %u with code %d instead of SIGHUP",
	       info.ssi_signo, info.ssi_code);
	for (int value = 0; value < QUEUED; value++)
		expect_value(waiting, waiting_signal, 100 + value);
	expect(!next(waiting, &info), "signal %u is left", info.ssi_signo);
	expect_value(changed, changed_signal, 7);
	must(sigqueue(getpid(), changed_signal, (union sigval){ .sival_int = 8 }));
	expect_value(blocking, changed_signal, 8);
	target_say("DONE\n");
	return 0;
}
