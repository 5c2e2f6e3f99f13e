// Handles of processes: of itself, of its parent's other child, of a child that lives, of one that has ended and is not waited for, of
// some that have ended and were waited for, and two of one of those. A tick: the child that lives gets a signal through its handle
// and answers; the others are as they were.
// PIDFDS_PLAIN leaves out how those ended that were waited for: CRIU does not keep it.
#include "target.h"
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

// Of newer headers.
#define WAIT_BY_PIDFD 3
#define INFO_CALL _IOWR(0xff, 11, struct info)
#define INFO_EXIT (1 << 3)
struct info {
	uint64_t mask, group;
	uint32_t ids[11];
	int32_t exit_code;
};

static bool plain;

static int handle(pid_t pid, unsigned flags)
{
	return must(syscall(SYS_pidfd_open, pid, flags));
}

static bool ended(int fd)
{
	struct pollfd ask = { .fd = fd, .events = POLLIN };
	return must(poll(&ask, 1, 0)) == 1;
}

static pid_t start_ending(int status)
{
	pid_t pid = must(fork());
	if (pid == 0) {
		if (status & 0x7f)
			raise(status & 0x7f);
		_exit(status >> 8);
	}
	return pid;
}

static ino_t inode(int fd)
{
	struct stat stat;
	must(fstat(fd, &stat));
	return stat.st_ino;
}

// One that was waited for: nobody can send to it, and the kernel shows how it ended.
static void check_gone(int fd, int status)
{
	expect(ended(fd), "the handle of an ended process says that it lives");
	expect(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) == -1 && errno == ESRCH, "an ended process takes a signal");
	struct info info = { .mask = INFO_EXIT };
	if (!plain && ioctl(fd, INFO_CALL, &info) == 0 && info.mask & INFO_EXIT)
		expect(info.exit_code == status, "a process that ended with %x ended with %x", status, info.exit_code);
}

// Answers each signal with a byte, and has a handle of its sister and one that it shares with its parent.
static void live(int answers, int sister, int shared)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	for (;;) {
		int number = 0;
		expect(sigwait(&set, &number) == 0, "sigwait");
		expect(!ended(sister), "the sister has ended");
		must(syscall(SYS_pidfd_send_signal, sister, 0, NULL, 0));
		// The flags are of the file that both have.
		must(fcntl(shared, F_SETFL, fcntl(shared, F_GETFL) ^ O_NONBLOCK));
		expect(write(answers, "x", 1) == 1, "write of an answer");
	}
}

static void stay(void)
{
	for (;;)
		pause();
}

int main(void)
{
	target_start();
	plain = target_option("PIDFDS_PLAIN");
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	int codes[] = { 7 << 8, SIGTERM, 0 };
	enum { GONE = sizeof(codes) / sizeof(*codes) };
	int gone[GONE + 1];
	for (int i = 0; i < GONE; i++) {
		pid_t pid = start_ending(codes[i]);
		gone[i] = handle(pid, i ? 0 : O_NONBLOCK);
		if (i == 0)
			gone[GONE] = handle(pid, 0);
		must(waitpid(pid, NULL, 0));
	}
	int answers[2];
	must(pipe(answers));
	int self = handle(getpid(), O_NONBLOCK), again = must(dup(self));
	pid_t sister = must(fork());
	if (sister == 0)
		stay();
	int of_sister = handle(sister, 0);
	pid_t child = must(fork());
	if (child == 0)
		live(answers[1], of_sister, self);
	int of_child = handle(child, 0);
	int of_zombie = plain ? -1 : handle(start_ending(5 << 8), 0);
	while (of_zombie >= 0 && !ended(of_zombie))
		rest(1);
	for (unsigned long ticks = 1; !target_finishing(); rest(1)) {
		for (int i = 0; i < GONE; i++)
			check_gone(gone[i], codes[i]);
		check_gone(gone[GONE], codes[0]);
		expect(inode(gone[0]) == inode(gone[GONE]), "two handles of one ended process are of two");
		if (inode(self) != inode(of_child)) // before Linux 6.9 all have the same
			expect(inode(gone[0]) != inode(gone[1]) && inode(gone[1]) != inode(gone[2]), "ended processes have one inode");
		expect(of_zombie < 0 || ended(of_zombie), "the handle of an ended child says that it lives");
		expect(!ended(self) && !ended(of_child) && !ended(of_sister), "a process that lives has ended");
		if (target_paused())
			continue;
		int flags = must(fcntl(again, F_GETFL));
		for (int twice = 0; twice < 2; twice++) {
			char answer;
			must(syscall(SYS_pidfd_send_signal, of_child, SIGUSR1, NULL, 0));
			expect(must(read(answers[0], &answer, 1)) == 1, "the child does not answer");
			bool same = fcntl(again, F_GETFL) == flags;
			expect(same == (twice == 1), "a handle is not shared with the child any more");
		}
		target_tick(ticks++);
	}
	siginfo_t info;
	if (of_zombie >= 0) {
		must(waitid(WAIT_BY_PIDFD, of_zombie, &info, WEXITED));
		expect(info.si_status == 5, "the child ended with %d", info.si_status);
	}
	must(syscall(SYS_pidfd_send_signal, of_child, SIGKILL, NULL, 0));
	must(waitid(WAIT_BY_PIDFD, of_child, &info, WEXITED));
	expect(info.si_pid == child || info.si_status == SIGKILL, "another child has ended");
	must(syscall(SYS_pidfd_send_signal, of_sister, SIGKILL, NULL, 0));
	must(waitid(WAIT_BY_PIDFD, of_sister, &info, WEXITED));
	target_say("DONE\n");
	return 0;
}
