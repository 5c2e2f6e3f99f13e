// No target, but what kills the engine between two calls of its commit, and then lets the guard wait:
//
//   commit-killer CALL NUMBER MILLISECONDS COMMAND…    CALL `stop`: a SIGSTOP to a thread; `tie`: PTRACE_O_EXITKILL
//
// The engine is killed when it makes that call for the NUMBERth time, and the call is not made. Each renameat2(2) takes MILLISECONDS
// longer: what the dead engine let go would have all that time. Prints `killed` or `ended STATUS`, when nobody makes calls any more.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void must(long result)
{
	if (result >= 0)
		return;
	perror("commit-killer");
	exit(2);
}

static int listen_to_calls(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PTRACE_SETOPTIONS, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

// Shares its descriptors with us until it begins the command, so that the listener is ours too.
static pid_t start(char **command, int *listener)
{
	int ends[2];
	must(pipe2(ends, O_CLOEXEC));
	pid_t pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		int own = listen_to_calls();
		must(own);
		must(fcntl(own, F_SETFD, FD_CLOEXEC));
		must(write(ends[1], &own, sizeof(own)));
		execvp(command[0], command);
		_exit(127);
	}
	must(pid);
	must(read(ends[0], listener, sizeof(*listener)));
	return pid;
}

static bool is_chosen(const struct seccomp_data *call, const char *name)
{
	if (strcmp(name, "stop") == 0)
		return call->nr == SYS_tgkill && call->args[2] == SIGSTOP;
	return call->nr == SYS_ptrace && call->args[3] & PTRACE_O_EXITKILL;
}

int main(int count, char **arguments)
{
	if (count < 5)
		return 2;
	const char *name = arguments[1];
	int left = atoi(arguments[2]), status, listener;
	long wait = atol(arguments[3]);
	pid_t pid = start(arguments + 4, &listener);
	struct pollfd calls = { listener, POLLIN, 0 };
	while (poll(&calls, 1, -1) >= 0 && !(calls.revents & POLLHUP)) {
		struct seccomp_notif call = { 0 };
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call))
			continue;
		if (call.data.nr == SYS_renameat2)
			nanosleep(&(struct timespec){ wait / 1000, wait % 1000 * 1000000 }, NULL);
		if (is_chosen(&call.data, name) && --left == 0) {
			kill(pid, SIGKILL);
			continue;
		}
		struct seccomp_notif_resp answer = { call.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE };
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
	must(waitpid(pid, &status, 0));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		puts("killed");
	else
		printf("ended %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
