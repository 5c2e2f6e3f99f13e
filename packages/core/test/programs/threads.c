// Threads (THREADS=6) with their own storage, signal mask, alternate stack, pending signal, name, niceness and register
// contents. Half of them hand a turn round with condition variables, the others run freely. A tick: every thread has
// verified itself again. At the end the owner of a robust mutex dies, and all are joined.
#include "registers.h"
#include "rseq.h"
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define PENDING (SIGRTMIN + 10)

struct worker {
	int number;
	pthread_t thread;
	pthread_cond_t turn_came;
	unsigned long count;
	sigset_t mask;
	char *stack;
	pid_t tid, queued_by;
};

enum { STACK = 32768, WORDS = 300 };
static int workers_total = 6;
static struct worker *workers;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t round_done = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t robust;
static pthread_barrier_t started;
static int turn;
static unsigned long rounds;
static bool ending;

static __thread struct worker *self;
static __thread uint64_t storage[WORDS];

// Not inlined: gcc 12 folds the pattern's arithmetic into the address, further than a thread's storage reaches.
__attribute__((noinline)) static uint64_t *own_storage(void)
{
	return storage;
}

static __thread int initialised = 1234;
static __thread volatile sig_atomic_t signalled;

static void on_user1(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	char here;
	expect(&here >= self->stack && &here < self->stack + STACK, "thread %d: handler not on its alternate stack", self->number);
	expect(info->si_code == SI_TKILL, "thread %d: SIGUSR1 with code %d", self->number, info->si_code);
	signalled++;
}

static void queue_pending(void)
{
	siginfo_t info = { .si_signo = PENDING, .si_code = SI_QUEUE };
	info.si_pid = self->queued_by = getpid();
	info.si_uid = getuid();
	info.si_value.sival_int = self->number * 10 + 7;
	must(syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), PENDING, &info));
}

static void prepare(struct worker *worker)
{
	char name[32];
	self = worker;
	self->tid = syscall(SYS_gettid);
	for (int i = 0; i < WORDS; i++)
		own_storage()[i] = pattern(worker->number * 5000UL + i);
	sigemptyset(&worker->mask);
	sigaddset(&worker->mask, SIGRTMIN + 1 + worker->number % 8);
	sigaddset(&worker->mask, PENDING);
	if (worker->number & 1)
		sigaddset(&worker->mask, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &worker->mask, NULL);
	worker->stack = malloc(STACK);
	must(sigaltstack(&(stack_t){ .ss_sp = worker->stack, .ss_size = STACK }, NULL));
	snprintf(name, sizeof(name), "worker %d", worker->number);
	must(prctl(PR_SET_NAME, name));
	must(setpriority(PRIO_PROCESS, 0, worker->number % 3));
	queue_pending();
}

static void verify(void)
{
	check_rseq();
	int number = self->number;
	for (int i = 0; i < WORDS; i++)
		expect(own_storage()[i] == pattern(number * 5000UL + i), "thread %d: word %d of its storage", number, i);
	expect(initialised == 1234, "thread %d: initialised storage", number);
	expect(pthread_equal(pthread_self(), self->thread), "thread %d: pthread_self", number);
	expect(syscall(SYS_gettid) == self->tid, "thread %d: tid %d became %ld", number, self->tid, syscall(SYS_gettid));

	sigset_t mask;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	for (int i = 1; i < 65; i++)
		expect(sigismember(&mask, i) == sigismember(&self->mask, i), "thread %d: mask of signal %d", number, i);
	stack_t stack;
	must(sigaltstack(NULL, &stack));
	expect(stack.ss_sp == self->stack && stack.ss_size == STACK, "thread %d: alternate stack", number);
	int before = signalled;
	must(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1));
	expect(signalled == before + 1, "thread %d: its signal did not arrive", number);

	siginfo_t info;
	sigset_t pending;
	sigemptyset(&pending);
	sigaddset(&pending, PENDING);
	expect(sigtimedwait(&pending, &info, &(struct timespec){ 0, 0 }) == PENDING, "thread %d: its pending signal is lost", number);
	expect(info.si_value.sival_int == number * 10 + 7 && info.si_pid == self->queued_by, "thread %d: pending signal with value %d",
	       number, info.si_value.sival_int);
	expect(sigtimedwait(&pending, &info, &(struct timespec){ 0, 0 }) == -1, "thread %d: a pending signal too many", number);
	queue_pending();

	char name[16], expected[32];
	snprintf(expected, sizeof(expected), "worker %d", number);
	must(prctl(PR_GET_NAME, name));
	expect(strcmp(name, expected) == 0, "thread %d is named %s", number, name);
	errno = 0;
	expect(getpriority(PRIO_PROCESS, 0) == number % 3, "thread %d: niceness %d", number, getpriority(PRIO_PROCESS, 0));
	if (number > 0)
		expect(pthread_mutex_trylock(&robust) == EBUSY, "thread %d: the robust mutex is free", number);
}

// Even workers: one after the other, woken by the one before.
static void take_turns(void)
{
	for (;;) {
		pthread_mutex_lock(&lock);
		while (turn != self->number && !ending)
			pthread_cond_wait(&self->turn_came, &lock);
		bool leave = ending;
		pthread_mutex_unlock(&lock);
		if (leave)
			return;
		verify();
		hold_registers(self->number + 1, 200000, 0);
		pthread_mutex_lock(&lock);
		self->count++;
		turn += 2;
		if (turn < workers_total) {
			pthread_cond_signal(&workers[turn].turn_came);
		} else {
			rounds++;
			pthread_cond_signal(&round_done);
		}
		pthread_mutex_unlock(&lock);
	}
}

// Odd workers: asleep most of the time, in a system call or a timed wait.
static void run_freely(void)
{
	long pace = 8 + workers_total;
	while (!__atomic_load_n(&ending, __ATOMIC_ACQUIRE)) {
		verify();
		hold_registers(self->number + 1, 500000, pace);
		struct timespec until;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += pace * 1000000;
		if (until.tv_nsec >= 1000000000)
			until.tv_sec++, until.tv_nsec -= 1000000000;
		pthread_mutex_lock(&lock);
		pthread_cond_timedwait(&self->turn_came, &lock, &until);
		self->count++;
		pthread_cond_signal(&round_done);
		pthread_mutex_unlock(&lock);
	}
}

static void *work(void *argument)
{
	prepare(argument);
	if (self->number == 0)
		pthread_mutex_lock(&robust); // and never unlocks it
	pthread_barrier_wait(&started);
	(self->number & 1 ? run_freely : take_turns)();
	return (void *)(long)(self->number + 100);
}

// One round of turns, and every other thread at least once.
static void one_round(void)
{
	unsigned long before[workers_total];
	pthread_mutex_lock(&lock);
	unsigned long round = rounds;
	for (int i = 0; i < workers_total; i++)
		before[i] = workers[i].count;
	turn = 0;
	pthread_cond_signal(&workers[0].turn_came);
	for (int i = 0; i < workers_total; i++)
		while (workers[i].count == before[i])
			pthread_cond_wait(&round_done, &lock);
	while (rounds == round)
		pthread_cond_wait(&round_done, &lock);
	pthread_mutex_unlock(&lock);
}

static void finish(void)
{
	pthread_mutex_lock(&lock);
	ending = true;
	for (int i = 0; i < workers_total; i++)
		pthread_cond_signal(&workers[i].turn_came);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < workers_total; i++) {
		void *result;
		int error = pthread_join(workers[i].thread, &result);
		expect(error == 0 && result == (void *)(long)(i + 100), "joining thread %d: %s, result %p", i, strerror(error), result);
	}
	int error = pthread_mutex_lock(&robust);
	expect(error == EOWNERDEAD, "the robust mutex of a dead thread: %s", strerror(error));
	pthread_mutex_consistent(&robust);
	pthread_mutex_unlock(&robust);
}

int main(void)
{
	target_start();
	if (target_option("THREADS"))
		workers_total = atoi(target_option("THREADS"));
	workers = calloc(workers_total, sizeof(*workers));
	must(sigaction(SIGUSR1, &(struct sigaction){ .sa_sigaction = on_user1, .sa_flags = SA_SIGINFO | SA_ONSTACK }, NULL));
	pthread_mutexattr_t attributes;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &attributes);
	pthread_barrier_init(&started, NULL, workers_total + 1);
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 256 * 1024);
	turn = workers_total;
	for (int i = 0; i < workers_total; i++) {
		workers[i].number = i;
		pthread_cond_init(&workers[i].turn_came, NULL);
		int error = pthread_create(&workers[i].thread, &small, work, &workers[i]);
		expect(error == 0, "cannot start thread %d: %s", i, strerror(error));
	}
	pthread_barrier_wait(&started);
	for (unsigned long tick = 1; !target_finishing(); tick++) {
		while (target_paused())
			rest(10);
		one_round();
		target_tick(tick);
		rest(5);
	}
	finish();
	target_say("DONE\n");
	return 0;
}
