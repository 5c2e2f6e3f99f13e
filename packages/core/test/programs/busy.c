// A tree at work: a parent and a child with threads, which share memory (anonymous, and a memfd), a lock in it, pipes with numbers on
// their way, and locked files; each has a POSIX timer and a timerfd. A tick: each thread has got on since the last one, and has found
// all in order.
#include "target.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

enum { IN_FLIGHT = 200, PERIOD_MS = 10, WAIT_S = 30, EXIT_CODE = 6, SIGNAL = 40 };
enum { RANGES = 20, OPEN_FILE, FLOCKED, AGAIN, FLOCKED_AGAIN };

// What runs in both: `steps[who][work]` counts what it has done.
enum work { COUNT, PASS, WAIT_FOR_TIMER, WAIT_FOR_TIMERFD, WORKS };
enum { PARENT, CHILD, PROCESSES };

struct common {
	pthread_mutex_t lock;
	pthread_cond_t counted;
	uint64_t one, looks; // `one` is always what the memfd has
	atomic_ulong steps[PROCESSES][WORKS];
	atomic_bool ending;
};

static struct common *common;
static uint64_t *other;
static int there[2], back[2], memfd, timerfd, who;
static sigset_t signals;

static void add_to_both(void)
{
	int error = pthread_mutex_lock(&common->lock);
	expect(error == 0, "the lock in shared memory: %s", strerror(error));
	expect(common->one == *other, "%lu in anonymous memory, and %lu in the memfd", common->one, *other);
	common->one++;
	uint64_t in_file;
	expect(pread(memfd, &in_file, 8, 0) == 8 && in_file + 1 == common->one, "the memfd has %lu", in_file);
	++*other;
	pthread_cond_broadcast(&common->counted);
	// Until the other one has counted, or not: in the end there is no other one.
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 3000000;
	if (until.tv_nsec >= 1000000000)
		until.tv_sec++, until.tv_nsec -= 1000000000;
	pthread_cond_timedwait(&common->counted, &common->lock, &until);
	pthread_mutex_unlock(&common->lock);
	rest(2);
}

static void send_number(int fd, uint64_t number)
{
	ssize_t length = write(fd, &number, 8);
	expect(length == 8 || (errno == EPIPE && common->ending), "a number cannot be written: %zd, %s", length, strerror(errno));
}

// False at the end of the pipe.
static bool take_number(int fd, uint64_t *number)
{
	ssize_t length = read(fd, number, 8);
	expect(length == 8 || (length == 0 && common->ending), "a number cannot be read: %zd, %s", length, strerror(errno));
	return length == 8;
}

// IN_FLIGHT numbers are always in the pipes; the child answers each.
static void pass_numbers(void)
{
	static uint64_t sent, received;
	uint64_t number;
	if (who == CHILD) {
		if (take_number(there[0], &number))
			send_number(back[1], pattern(number));
		return;
	}
	while (sent < received + IN_FLIGHT)
		send_number(there[1], ++sent);
	if (take_number(back[0], &number)) {
		received++;
		expect(number == pattern(received), "%lx comes back instead of the answer to %lu", number, received);
	}
	rest(2);
}

static void wait_for_timer(void)
{
	siginfo_t info;
	int number;
	while ((number = sigtimedwait(&signals, &info, &(struct timespec){ WAIT_S, 0 })) == -1 && errno == EINTR)
		;
	expect(number == SIGNAL, "no signal of the timer for %d s: %s", WAIT_S, strerror(errno));
	expect(info.si_code == SI_TIMER && info.si_value.sival_int == 77, "a signal with code %d, value %d", info.si_code,
	       info.si_value.sival_int);
}

static void wait_for_timerfd(void)
{
	uint64_t times = 0;
	ssize_t length = read(timerfd, &times, 8);
	expect(length == 8 && times > 0, "the timerfd: %zd, %s", length, strerror(errno));
}

static void (*const works[WORKS])(void) = {
	[COUNT] = add_to_both,
	[PASS] = pass_numbers,
	[WAIT_FOR_TIMER] = wait_for_timer,
	[WAIT_FOR_TIMERFD] = wait_for_timerfd,
};

static void *work(void *number)
{
	enum work which = (long)number;
	while (!common->ending) {
		works[which]();
		common->steps[who][which]++;
	}
	return NULL;
}

static void range(int fd, int command, int type, off_t start, off_t length)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length };
	must(fcntl(fd, command, &lock));
}

static void open_at(int wanted, const char *name)
{
	int fd = must(open(target_path(name), O_RDWR | O_CREAT, 0600));
	must(dup2(fd, wanted));
	must(close(fd));
}

static void lock_files(void)
{
	open_at(RANGES, "ranges");
	range(RANGES, F_SETLK, F_WRLCK, 10, 5);
	open_at(OPEN_FILE, "open file");
	range(OPEN_FILE, F_OFD_SETLK, F_WRLCK, 3, 4);
	open_at(FLOCKED, "flocked");
	must(flock(FLOCKED, LOCK_EX));
}

// In the child, which has opened them once more.
static void check_locks(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 12, .l_len = 1 };
	must(fcntl(RANGES, F_GETLK, &lock));
	expect(lock.l_type == F_WRLCK && lock.l_pid == getppid(), "the lock of the parent: %d of %d", lock.l_type, lock.l_pid);
	lock = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 6, .l_len = 1 };
	must(fcntl(AGAIN, F_OFD_GETLK, &lock));
	expect(lock.l_type == F_WRLCK && lock.l_pid == -1, "the lock of the open file: %d of %d", lock.l_type, lock.l_pid);
	expect(flock(FLOCKED_AGAIN, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK, "the file can be locked again");
}

static void start_timers(void)
{
	struct itimerspec often = { { 0, PERIOD_MS * 1000000 }, { 0, PERIOD_MS * 1000000 } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGNAL, .sigev_value.sival_int = 77 };
	timer_t timer;
	must(timer_create(CLOCK_MONOTONIC, &event, &timer));
	must(timer_settime(timer, 0, &often, NULL));
	timerfd = must(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	must(timerfd_settime(timerfd, 0, &often, NULL));
}

static void start_works(pthread_t *threads)
{
	start_timers();
	for (long which = 0; which < WORKS; which++)
		expect(pthread_create(&threads[which], NULL, work, (void *)which) == 0, "no thread");
}

static void share(void)
{
	common = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	memfd = must(syscall(SYS_memfd_create, "numbers", 0));
	must(ftruncate(memfd, 3 * 4096));
	other = must(mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0));
	pthread_mutexattr_t for_all;
	pthread_mutexattr_init(&for_all);
	pthread_mutexattr_setpshared(&for_all, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&common->lock, &for_all);
	pthread_condattr_t counted;
	pthread_condattr_init(&counted);
	pthread_condattr_setpshared(&counted, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&common->counted, &counted);
	must(pipe(there));
	must(pipe(back));
}

static void live_as_child(void)
{
	pthread_t threads[WORKS];
	who = CHILD;
	must(prctl(PR_SET_PDEATHSIG, SIGKILL));
	must(close(there[1]));
	must(close(back[0]));
	open_at(AGAIN, "open file");
	open_at(FLOCKED_AGAIN, "flocked");
	start_works(threads);
	while (!common->ending) {
		check_locks();
		common->looks++;
		rest(2);
	}
	for (int which = 0; which < WORKS; which++)
		pthread_join(threads[which], NULL);
	_exit(EXIT_CODE);
}

// Until each has done something since.
static void wait_for_all(void)
{
	unsigned long before[PROCESSES][WORKS], looks = common->looks;
	for (int at = 0; at < PROCESSES * WORKS; at++)
		before[at / WORKS][at % WORKS] = common->steps[at / WORKS][at % WORKS];
	for (int at = 0; at < PROCESSES * WORKS; at++)
		while (common->steps[at / WORKS][at % WORKS] == before[at / WORKS][at % WORKS])
			rest(1);
	while (*(volatile uint64_t *)&common->looks == looks)
		rest(1);
}

int main(void)
{
	pthread_t threads[WORKS];
	target_start();
	sigemptyset(&signals);
	sigaddset(&signals, SIGNAL);
	must(sigprocmask(SIG_BLOCK, &signals, NULL));
	must(signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0);
	share();
	lock_files();
	pid_t child = must(fork());
	if (child == 0)
		live_as_child();
	must(close(there[0]));
	must(close(back[1]));
	start_works(threads);
	for (unsigned long ticks = 1; !target_finishing();) {
		wait_for_all();
		if (!target_paused())
			target_tick(ticks++);
		rest(2);
	}
	common->ending = true;
	for (int which = 0; which < WORKS; which++)
		pthread_join(threads[which], NULL);
	must(close(there[1])); // the child may wait for a number
	int status;
	must(waitpid(-1, &status, 0)); // it may have another pid by now
	expect(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CODE, "the child ended with %x", status);
	target_say("DONE\n");
	return 0;
}
