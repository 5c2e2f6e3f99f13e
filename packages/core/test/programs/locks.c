// Locks of files in every way that there is: of a process (ranges, one beside the other), of an open file (fcntl and flock, shared with a
// child), and leases, one of which somebody has begun to break. LOCKS_PLAIN: without the latter, which CRIU takes as another lease.
// A tick: somebody else has found all of them. A tick in a child.
#include "target.h"
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define SIGNAL (SIGRTMIN + 4)

enum { RANGES = 10, WHOLE, OPEN_FILE, FLOCKED, SHARED_FLOCK, READ_LEASE, WRITE_LEASE, BREAKING };

struct common {
	volatile unsigned long asked, answered;
	volatile bool ending;
};

static struct common *common;
static bool plain;
static volatile sig_atomic_t told;

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	expect(info->si_fd == BREAKING, "a lease of descriptor %d is told of", info->si_fd);
	told++;
}

static void make(int wanted, const char *name, int flags)
{
	int fd = must(open(target_path(name), O_RDWR | O_CREAT, 0600));
	must(close(fd));
	fd = must(open(target_path(name), flags));
	must(dup2(fd, wanted));
	must(close(fd));
}

static void range(int fd, int command, int type, off_t start, off_t length)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length };
	must(fcntl(fd, command, &lock));
}

// What another process is told that stands against it.
static void held(int fd, off_t start, int type, off_t length, pid_t pid)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = 1 };
	must(fcntl(fd, F_OFD_GETLK, &lock));
	expect(lock.l_type == type, "byte %ld of descriptor %d is locked with %d", (long)start, fd, lock.l_type);
	if (type == F_UNLCK)
		return;
	expect(lock.l_pid == pid, "byte %ld of descriptor %d is locked by %d and not by %d", (long)start, fd, lock.l_pid, pid);
	expect(lock.l_len == length, "byte %ld of descriptor %d is locked with %ld bytes", (long)start, fd, (long)lock.l_len);
}

// Whether flock(2) through another open file would have to wait.
static void flocked(const char *name, int operation, bool waits)
{
	int fd = must(open(target_path(name), O_RDWR));
	int result = flock(fd, operation | LOCK_NB);
	expect(waits ? result == -1 && errno == EWOULDBLOCK : result == 0, "flock of %s: %d (%s)", name, result, strerror(errno));
	must(close(fd));
}

static void check_in_child(pid_t parent)
{
	held(RANGES, 0, F_WRLCK, 10, parent);
	held(RANGES, 10, F_UNLCK, 0, 0);
	held(RANGES, 20, F_RDLCK, 5, parent);
	held(RANGES, 1L << 40, F_WRLCK, 0, parent);
	held(WHOLE, 77, F_RDLCK, 0, parent);
	int again = must(open(target_path("open file"), O_RDWR));
	held(again, 3, F_WRLCK, 4, -1);
	held(again, 100, F_RDLCK, 0, -1);
	held(OPEN_FILE, 3, F_UNLCK, 0, 0); // it is this one's own
	must(close(again));
	flocked("flocked", LOCK_SH, true);
	flocked("shared", LOCK_SH, false);
	flocked("shared", LOCK_EX, true);
}

static void check_leases(void)
{
	expect(must(fcntl(READ_LEASE, F_GETLEASE)) == F_RDLCK, "no lease for reading");
	expect(must(fcntl(WRITE_LEASE, F_GETLEASE)) == F_WRLCK, "no lease for writing");
	if (plain)
		return;
	expect(must(fcntl(BREAKING, F_GETLEASE)) == F_UNLCK, "the lease that is being broken is to be another");
	expect(open(target_path("breaking"), O_WRONLY | O_NONBLOCK) == -1 && errno == EWOULDBLOCK, "the lease is gone");
	expect(told == 1, "it is told %d times of the lease that is being broken", told);
	expect(must(fcntl(BREAKING, F_GETSIG)) == SIGNAL, "another signal tells of the lease");
}

static void child(void)
{
	must(prctl(PR_SET_PDEATHSIG, SIGKILL));
	while (!common->ending) {
		if (common->asked != common->answered) {
			check_in_child(getppid());
			common->answered = common->asked;
		}
		rest(1);
	}
	_exit(5);
}

int main(void)
{
	target_start();
	plain = target_option("LOCKS_PLAIN");
	common = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART };
	must(sigaction(SIGNAL, &action, NULL));
	make(RANGES, "ranges", O_RDWR);
	range(RANGES, F_SETLK, F_WRLCK, 0, 10);
	range(RANGES, F_SETLK, F_RDLCK, 20, 5);
	range(RANGES, F_SETLK, F_WRLCK, 1L << 40, 0);
	make(WHOLE, "whole", O_RDWR);
	range(WHOLE, F_SETLK, F_RDLCK, 0, 0);
	make(OPEN_FILE, "open file", O_RDWR);
	range(OPEN_FILE, F_OFD_SETLK, F_WRLCK, 3, 4);
	range(OPEN_FILE, F_OFD_SETLK, F_RDLCK, 100, 0);
	make(FLOCKED, "flocked", O_RDONLY);
	must(flock(FLOCKED, LOCK_EX));
	make(SHARED_FLOCK, "shared", O_RDWR);
	must(flock(SHARED_FLOCK, LOCK_SH));
	make(READ_LEASE, "read lease", O_RDONLY);
	must(fcntl(READ_LEASE, F_SETLEASE, F_RDLCK));
	make(WRITE_LEASE, "write lease", O_RDWR);
	must(fcntl(WRITE_LEASE, F_SETLEASE, F_WRLCK));
	if (!plain) {
		make(BREAKING, "breaking", O_RDONLY);
		must(fcntl(BREAKING, F_SETLEASE, F_RDLCK));
		must(fcntl(BREAKING, F_SETSIG, SIGNAL));
		expect(open(target_path("breaking"), O_WRONLY | O_NONBLOCK) == -1 && errno == EWOULDBLOCK, "the lease does not hold");
	}
	pid_t pid = must(fork());
	if (pid == 0)
		child();
	for (unsigned long ticks = 1; !target_finishing();) {
		bool paused = target_paused();
		check_leases();
		if (!paused) {
			// It opens files for a moment, which who looks at the pause would see.
			common->asked++;
			while (common->asked != common->answered)
				rest(1);
			target_tick(ticks++);
		}
		rest(5);
	}
	common->ending = true;
	int status;
	must(waitpid(-1, &status, 0)); // it may have another pid by now
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 5, "the child ended with %x", status);
	target_say("DONE\n");
	return 0;
}
