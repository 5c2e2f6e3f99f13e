// Files of processes in /proc: its own, its child's, those of a child that has ended, and of init. Each keeps its position, and shows its process.
#include "target.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

// Who they are now: pids may be others after a restore.
struct pids {
	volatile pid_t self, child, ended;
};

struct held {
	const char *form; // with the pid
	int flags;
	off_t skipped;
	const char *shows; // with the pid; null: it is not read
	int fd;
};

static char text[65536];

// Reads the whole file again and leaves its position where it is.
static const char *contents(int fd)
{
	ssize_t length = 0, more;
	while ((more = pread(fd, text + length, sizeof(text) - 1 - length, length)) > 0)
		length += more;
	text[length] = 0;
	return text;
}

static void hold(struct held *it, pid_t pid)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), it->form, pid);
	it->fd = must(open(path, it->flags));
	if (it->skipped)
		expect(read(it->fd, text, it->skipped) == it->skipped, "%s is short", path);
}

static void check(const struct held *it, pid_t pid)
{
	char path[PATH_MAX], own[64], link[PATH_MAX] = "";
	snprintf(path, sizeof(path), it->form, pid, pid);
	snprintf(own, sizeof(own), "/proc/self/fd/%d", it->fd);
	must(readlink(own, link, sizeof(link) - 1));
	expect(strcmp(link, path) == 0, "%s leads to %s", path, link);
	expect((fcntl(it->fd, F_GETFL) & (O_ACCMODE | O_PATH)) == (it->flags & (O_ACCMODE | O_PATH)), "%s: other flags", path);
	if (it->flags & O_PATH)
		return;
	expect(lseek(it->fd, 0, SEEK_CUR) == it->skipped, "%s: at %ld", path, (long)lseek(it->fd, 0, SEEK_CUR));
	if (!it->shows)
		return;
	char line[128];
	snprintf(line, sizeof(line), it->shows, pid);
	expect(strstr(contents(it->fd), line), "%s does not show %s", path, line);
}

int main(void)
{
	target_start();
	struct pids *pids = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ours = must(open("/dev/null", O_RDONLY)), theirs = 50;
	pid_t ended = must(fork());
	if (ended == 0)
		_exit(7);
	siginfo_t end;
	must(waitid(P_PID, ended, &end, WEXITED | WNOWAIT));
	pid_t parent = getpid();
	pid_t child = must(fork());
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		must(dup2(ours, theirs));
		must(close(ours));
		struct held its = { "/proc/%d/stat", O_RDONLY, 3, "(procfiles) ", -1 };
		hold(&its, parent);
		for (;; rest(5)) {
			pids->child = getpid();
			check(&its, getppid());
		}
	}
	while (!pids->child)
		rest(1);
	char own_info[64];
	snprintf(own_info, sizeof(own_info), "/proc/%%d/fdinfo/%d", ours);
	struct held own[] = {
		{ "/proc/%d/status", O_RDONLY, 10, "Pid:\t%d\n", -1 },
		{ "/proc/%d/maps", O_RDONLY, 200, "[stack]", -1 },
		{ "/proc/%d/comm", O_RDWR, 0, "procfiles", -1 },
		{ own_info, O_RDONLY, 5, "pos:", -1 },
		{ "/proc/%d/fd", O_RDONLY | O_DIRECTORY, 0, NULL, -1 },
		{ "/proc/%d", O_PATH, 0, NULL, -1 },
	};
	struct held its[] = {
		{ "/proc/%d/maps", O_RDONLY, 500, "[stack]", -1 },
		{ "/proc/%d/fdinfo/50", O_RDONLY, 0, "pos:", -1 },
		{ "/proc/%d/cmdline", O_RDONLY, 1, NULL, -1 },
	};
	struct held of_ended = { "/proc/%d/stat", O_RDONLY, 2, " Z ", -1 };
	struct held of_init = { "/proc/%d/status", O_RDONLY, 6, "Pid:\t1\n", -1 };
	struct held of_machine = { "/proc/meminfo", O_RDONLY, 3, "MemTotal:", -1 };
	struct held setting = { "/proc/sys/kernel/pid_max", O_RDONLY, 0, NULL, -1 };
	for (size_t at = 0; at < sizeof(own) / sizeof(*own); at++)
		hold(&own[at], getpid());
	for (size_t at = 0; at < sizeof(its) / sizeof(*its); at++)
		hold(&its[at], pids->child);
	hold(&of_ended, ended);
	hold(&of_init, 1);
	hold(&of_machine, 0);
	hold(&setting, 0);
	char task[64];
	snprintf(task, sizeof(task), "/proc/self/task/%d/wchan", getpid());
	int of_task = must(open(task, O_RDONLY));

	for (unsigned long number = 1; !target_finishing();) {
		for (size_t at = 0; at < sizeof(own) / sizeof(*own); at++)
			check(&own[at], getpid());
		for (size_t at = 0; at < sizeof(its) / sizeof(*its); at++)
			check(&its[at], pids->child);
		memset(&end, 0, sizeof(end));
		must(waitid(P_ALL, 0, &end, WEXITED | WNOWAIT | WNOHANG));
		expect(end.si_pid > 0, "the child that has ended is gone");
		check(&of_ended, end.si_pid);
		check(&of_init, 1);
		check(&of_machine, 0);
		check(&setting, 0);
		char own_task[64], link[64] = "";
		snprintf(own_task, sizeof(own_task), "/proc/%d/task/%d/wchan", getpid(), getpid());
		snprintf(task, sizeof(task), "/proc/self/fd/%d", of_task);
		must(readlink(task, link, sizeof(link) - 1));
		expect(strcmp(link, own_task) == 0, "%s leads to %s", own_task, link);
		rest(5);
		if (!target_paused())
			target_tick(number++);
	}
	kill(pids->child, SIGKILL);
	while (wait(NULL) > 0)
		;
	target_say("DONE\n");
	return 0;
}
