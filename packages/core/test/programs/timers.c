// Timers of timer_create(2): every clock and every way of telling, with ids that do not follow each other. A tick: those that
// run have gone on and have told whom they should, each with its own value; those that do not run are as they were.
// TIMERS_THREAD_CLOCK adds one on the processor time of the main thread.
#include "target.h"
#include <pthread.h>
#include <signal.h>

#define LONG 1000000L // seconds until the end of those that only count down

struct timer {
	const char *name;
	clockid_t clock;
	int notify;
	struct itimerspec spec;
	int id;
	volatile sig_atomic_t told; // how often
	long left; // seconds, when it was last looked at
};

static pthread_t worker;
static volatile pid_t worker_tid;
static volatile bool ending;

// Ids: one that is deleted again lies before each.
static struct timer timers[] = {
	{ "runs, tells the process", CLOCK_MONOTONIC, SIGEV_SIGNAL, { { 0, 20000000 }, { 0, 20000000 } } },
	{ "runs, tells a thread", CLOCK_REALTIME, SIGEV_THREAD_ID, { { 0, 20000000 }, { 0, 20000000 } } },
	{ "runs, tells nobody", CLOCK_MONOTONIC, SIGEV_NONE, { { 7, 0 }, { LONG, 0 } } },
	{ "counts down on the clock of boot time", CLOCK_BOOTTIME, SIGEV_SIGNAL, { { 0, 0 }, { LONG, 500000000 } } },
	{ "counts down on atomic time", CLOCK_TAI, SIGEV_SIGNAL, { { 0, 1 }, { LONG, 0 } } },
	{ "measures processor time", CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, { { 9, 9 }, { LONG, 0 } } },
	{ "is not started", CLOCK_MONOTONIC, SIGEV_SIGNAL, { { 0, 0 }, { 0, 0 } } },
	{ "measures this process by its number", 0, SIGEV_SIGNAL, { { 0, 0 }, { LONG, 0 } } },
	{ "has run out", CLOCK_MONOTONIC, SIGEV_SIGNAL, { { 0, 0 }, { 0, 1000000 } } },
};
enum { TIMERS = sizeof(timers) / sizeof(*timers), PLAIN = 0, THREAD = 1, STOPPED = 6, NUMBERED = 7, OVER = 8 };

static void on_timer(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	struct timer *timer = info->si_value.sival_ptr;
	expect(info->si_code == SI_TIMER, "a signal of a timer with code %d", info->si_code);
	expect(timer >= timers && timer < timers + TIMERS, "a timer's value is %p", (void *)timer);
	expect(info->si_timerid == timer->id, "%s: id %d tells of %d", timer->name, timer->id, info->si_timerid);
	if (timer == &timers[THREAD])
		expect(pthread_equal(pthread_self(), worker), "%s: another thread was told", timer->name);
	timer->told++;
}

static void *work(void *nothing)
{
	worker_tid = syscall(SYS_gettid);
	while (!ending)
		rest(5);
	return nothing;
}

// The id that the kernel knows: glibc's timer_t is another thing for some kinds of notification.
static int create(struct timer *timer)
{
	struct sigevent event = { .sigev_notify = timer->notify, .sigev_signo = SIGRTMIN + 2 };
	event.sigev_value.sival_ptr = timer;
	if (timer->notify == SIGEV_THREAD_ID)
		event._sigev_un._tid = worker_tid;
	int passed, id;
	must(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &passed));
	must(syscall(SYS_timer_create, timer->clock, &event, &id));
	must(syscall(SYS_timer_delete, passed));
	expect(id > passed, "a timer has the id %d behind %d", id, passed);
	return id;
}

static struct itimerspec look(struct timer *timer)
{
	struct itimerspec now;
	must(syscall(SYS_timer_gettime, timer->id, &now));
	return now;
}

static void check(struct timer *timer)
{
	struct itimerspec now = look(timer);
	struct timespec interval = timer->spec.it_interval;
	expect(now.it_interval.tv_sec == interval.tv_sec && now.it_interval.tv_nsec == interval.tv_nsec,
	       "%s: its interval is %ld s %ld ns", timer->name, now.it_interval.tv_sec, now.it_interval.tv_nsec);
	if (timer->spec.it_value.tv_sec == LONG) {
		expect(now.it_value.tv_sec <= timer->left && now.it_value.tv_sec > timer->left - 600,
		       "%s: %ld s are left, and there were %ld", timer->name, now.it_value.tv_sec, timer->left);
		expect(timer->told == 0, "%s: it ran out", timer->name);
		timer->left = now.it_value.tv_sec;
	}
}

static void check_all(void)
{
	for (int i = 0; i < TIMERS; i++)
		check(&timers[i]);
	struct itimerspec stopped = look(&timers[STOPPED]), over = look(&timers[OVER]);
	expect(stopped.it_value.tv_sec == 0 && stopped.it_value.tv_nsec == 0, "what was not started runs");
	expect(over.it_value.tv_sec == 0 && over.it_value.tv_nsec == 0, "what had run out runs");
	expect(timers[OVER].told == 1, "what had run out once told %d times", timers[OVER].told);
}

static void wait_for(volatile sig_atomic_t *count, sig_atomic_t more)
{
	long until = milliseconds() + 20000;
	for (sig_atomic_t before = *count; *count < before + more; rest(1))
		expect(milliseconds() < until, "a timer that runs has told nobody for 20 s");
}

int main(void)
{
	target_start();
	struct sigaction action = { .sa_sigaction = on_timer, .sa_flags = SA_SIGINFO | SA_RESTART };
	must(sigaction(SIGRTMIN + 2, &action, NULL));
	pthread_create(&worker, NULL, work, NULL);
	while (!worker_tid)
		rest(1);
	must(clock_getcpuclockid(getpid(), &timers[NUMBERED].clock) ? -1 : 0);
	for (int i = 0; i < TIMERS; i++) {
		timers[i].id = create(&timers[i]);
		timers[i].left = timers[i].spec.it_value.tv_sec;
	}
	for (int i = 0; i < TIMERS; i++)
		must(syscall(SYS_timer_settime, timers[i].id, 0, &timers[i].spec, NULL));
	if (target_option("TIMERS_THREAD_CLOCK")) {
		struct timer mine = { .clock = CLOCK_THREAD_CPUTIME_ID, .notify = SIGEV_NONE };
		create(&mine);
	}
	wait_for(&timers[OVER].told, 1);
	for (unsigned long ticks = 1; !target_finishing();) {
		check_all();
		if (target_paused()) {
			rest(1);
			continue;
		}
		wait_for(&timers[PLAIN].told, 1);
		wait_for(&timers[THREAD].told, 1);
		target_tick(ticks++);
	}
	// A new timer gets an id that no other one has.
	int id = create(&timers[STOPPED]);
	for (int i = 0; i < TIMERS; i++)
		expect(id != timers[i].id, "a new timer has the id of another one: %d", id);
	for (int i = 0; i < TIMERS; i++)
		must(syscall(SYS_timer_delete, timers[i].id));
	ending = true;
	pthread_join(worker, NULL);
	target_say("DONE\n");
	return 0;
}
