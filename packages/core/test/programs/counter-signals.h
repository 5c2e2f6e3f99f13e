// Handlers, masks, the alternate stack, pending signals, interval timers.
#pragma once
#include "target.h"
#include <signal.h>
#include <sys/time.h>

#define QUEUED (SIGRTMIN + 3)     // blocked; three of them wait for the process, each with a value
#define QUEUED_THREAD (SIGRTMIN + 4) // blocked; one waits for the thread
#define VALUED (SIGRTMIN + 2)     // handled; sent with a value at every tick

static struct {
	char *stack;
	size_t stack_size;
	volatile sig_atomic_t on_stack, alarms, value, sender_seen;
	sigset_t mask;
	pid_t queued_by, raised_by;
	struct sigaction actions[65];
	struct timeval virtual_before, profile_before;
	long alarms_seen, alarm_time;
} signals;

static void on_user1(int number, siginfo_t *info, void *context)
{
	(void)context;
	char here;
	sigset_t mask;
	expect(&here >= signals.stack && &here < signals.stack + signals.stack_size, "SIGUSR1 did not run on the alternate stack");
	// It may have got another pid since the signal was sent, or between that and the line before it.
	bool ours = info->si_pid == getpid() || info->si_pid == signals.raised_by;
	expect(number == SIGUSR1 && info->si_code == SI_TKILL && ours, "SIGUSR1 with wrong information");
	sigprocmask(SIG_SETMASK, NULL, &mask);
	expect(sigismember(&mask, SIGUSR1) && sigismember(&mask, SIGWINCH) && sigismember(&mask, SIGRTMIN + 7),
	       "the mask of SIGUSR1's handler is not in force");
	signals.on_stack++;
}

static void on_value(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	char here;
	expect(&here < signals.stack || &here >= signals.stack + signals.stack_size, "a plain handler ran on the alternate stack");
	expect(info->si_code == SI_QUEUE, "a queued signal with code %d", info->si_code);
	signals.value = info->si_value.sival_int;
}

static void on_alarm(int number)
{
	(void)number;
	signals.alarms++;
}

static inline void queue_pending(void)
{
	for (int i = 1; i <= 3; i++)
		must(sigqueue(getpid(), QUEUED, (union sigval){ .sival_int = i * 111 }));
	siginfo_t info = { .si_signo = QUEUED_THREAD, .si_code = SI_QUEUE };
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_int = 4444;
	must(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), QUEUED_THREAD, &info));
	must(kill(getpid(), SIGUSR2));
	signals.queued_by = getpid();
}

static inline void signals_start(void)
{
	signals.stack_size = SIGSTKSZ * 4;
	signals.stack = malloc(signals.stack_size);
	must(sigaltstack(&(stack_t){ .ss_sp = signals.stack, .ss_size = signals.stack_size }, NULL));

	struct sigaction action = { .sa_sigaction = on_user1, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	sigaddset(&action.sa_mask, SIGWINCH);
	sigaddset(&action.sa_mask, SIGRTMIN + 7);
	must(sigaction(SIGUSR1, &action, NULL));
	must(sigaction(VALUED, &(struct sigaction){ .sa_sigaction = on_value, .sa_flags = SA_SIGINFO | SA_NODEFER }, NULL));
	must(sigaction(SIGALRM, &(struct sigaction){ .sa_handler = on_alarm, .sa_flags = SA_RESTART }, NULL));
	must(sigaction(SIGTERM, &(struct sigaction){ .sa_handler = on_alarm, .sa_flags = SA_RESETHAND }, NULL));
	must(sigaction(SIGHUP, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL));
	must(sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN, .sa_flags = SA_NOCLDSTOP }, NULL));
	for (int i = 1; i < 65; i++)
		if (i != SIGKILL && i != SIGSTOP && i != 32 && i != 33)
			must(sigaction(i, NULL, &signals.actions[i]));

	sigemptyset(&signals.mask);
	sigaddset(&signals.mask, SIGUSR2);
	sigaddset(&signals.mask, SIGTTOU);
	sigaddset(&signals.mask, QUEUED);
	sigaddset(&signals.mask, QUEUED_THREAD);
	sigaddset(&signals.mask, SIGRTMAX);
	must(sigprocmask(SIG_SETMASK, &signals.mask, NULL));
	queue_pending();

	struct timeval often = { 0, 30000 }, seldom = { 5000, 7 }, never = { 6000, 9 };
	must(setitimer(ITIMER_REAL, &(struct itimerval){ often, often }, NULL));
	must(setitimer(ITIMER_VIRTUAL, &(struct itimerval){ seldom, seldom }, NULL));
	must(setitimer(ITIMER_PROF, &(struct itimerval){ never, never }, NULL));
	signals.virtual_before = seldom;
	signals.profile_before = never;
	signals.alarm_time = milliseconds();
}

static inline void take(int number, int code, int value, pid_t sender)
{
	sigset_t set;
	siginfo_t info;
	sigemptyset(&set);
	sigaddset(&set, number);
	int got = sigtimedwait(&set, &info, &(struct timespec){ 0, 0 });
	expect(got == number, "signal %d with value %d was not pending any more", number, value);
	expect(info.si_code == code && info.si_pid == sender && info.si_uid == getuid(),
	       "pending signal %d has code %d sender %d, not %d %d", number, info.si_code, info.si_pid, code, sender);
	if (code == SI_QUEUE)
		expect(info.si_value.sival_int == value, "pending signal %d has value %d, not %d", number, info.si_value.sival_int, value);
}

// Takes all pending signals as they were queued, in order, and queues them anew.
static inline void check_pending(void)
{
	sigset_t pending;
	for (int i = 1; i <= 3; i++)
		take(QUEUED, SI_QUEUE, i * 111, signals.queued_by);
	take(QUEUED_THREAD, SI_QUEUE, 4444, signals.queued_by);
	take(SIGUSR2, SI_USER, 0, signals.queued_by);
	must(sigpending(&pending));
	for (int i = 1; i < 65; i++)
		expect(!sigismember(&pending, i), "signal %d is pending and nobody sent it", i);
	queue_pending();
}

static inline void check_timer(int which, long interval, long interval_us, struct timeval *before)
{
	struct itimerval now;
	must(getitimer(which, &now));
	expect(now.it_interval.tv_sec == interval && now.it_interval.tv_usec == interval_us, "interval of timer %d changed", which);
	struct timeval limit, clock_tick = { 0, 20000 }; // the kernel rounds processor time
	timeradd(before, &clock_tick, &limit);
	expect(timercmp(&now.it_value, &limit, <=) && now.it_value.tv_sec > before->tv_sec - 100,
	       "timer %d: %ld s left, %ld s before", which, now.it_value.tv_sec, before->tv_sec);
	*before = now.it_value;
}

static inline void signals_tick(unsigned long tick)
{
	sigset_t mask;
	struct sigaction action;
	must(sigprocmask(SIG_SETMASK, NULL, &mask));
	for (int i = 1; i < 65; i++) {
		expect(sigismember(&mask, i) == sigismember(&signals.mask, i), "signal mask: %d", i);
		if (i == SIGKILL || i == SIGSTOP || i == 32 || i == 33)
			continue;
		must(sigaction(i, NULL, &action));
		expect(action.sa_handler == signals.actions[i].sa_handler && action.sa_flags == signals.actions[i].sa_flags &&
			       memcmp(&action.sa_mask, &signals.actions[i].sa_mask, 8) == 0,
		       "action of signal %d", i);
	}
	stack_t stack;
	must(sigaltstack(NULL, &stack));
	expect(stack.ss_sp == signals.stack && stack.ss_size == signals.stack_size && stack.ss_flags == 0, "alternate stack");

	int before = signals.on_stack;
	signals.raised_by = getpid();
	raise(SIGUSR1);
	expect(signals.on_stack == before + 1, "SIGUSR1's handler did not run");
	must(sigqueue(getpid(), VALUED, (union sigval){ .sival_int = tick }));
	expect(signals.value == (int)tick, "the value of a queued signal was %d, not %d", signals.value, (int)tick);
	check_pending();

	check_timer(ITIMER_VIRTUAL, 5000, 7, &signals.virtual_before);
	check_timer(ITIMER_PROF, 6000, 9, &signals.profile_before);
	struct itimerval alarm;
	must(getitimer(ITIMER_REAL, &alarm));
	expect(alarm.it_interval.tv_usec == 30000 && alarm.it_value.tv_sec == 0 && alarm.it_value.tv_usec <= 30000, "real timer");
}

// Only a timer that still runs wakes this.
static inline void wait_for_alarm(void)
{
	int before = signals.alarms;
	sigset_t mask = signals.mask;
	while (signals.alarms == before)
		sigsuspend(&mask);
}
