// Children that have ended, which nobody has waited for yet, and the process groups that they are still in:
//
//   root ─┬─ orphan    a zombie; the leader of its group is gone for good
//         ├─ head      a zombie that leads a group, which `tail` lives in
//         ├─ tail
//         ├─ chief     leads a group, which the zombie `fellow` is in
//         ├─ fellow
//         └─ herald    a zombie that led a session
//
// A tick: the kernel still names the group and the session of each. At the end the groups are what they are waited for by.
#include "target.h"
#include <sys/wait.h>

enum child { ORPHAN, HEAD, TAIL, CHIEF, FELLOW, HERALD, CHILDREN };
enum { CODE = 50 };

static const bool lives[CHILDREN] = { [TAIL] = true, [CHIEF] = true };
static int ending[2], staying[2]; // children wait for the end of one
static pid_t pids[CHILDREN], groups[CHILDREN], own_session;

static pid_t start(int *gate, int code, bool leads_session)
{
	char byte;
	pid_t pid = must(fork());
	if (pid)
		return pid;
	must(close(ending[1]));
	must(close(staying[1]));
	if (leads_session)
		must(setsid());
	while (read(gate[0], &byte, 1) == -1 && errno == EINTR)
		;
	_exit(code);
}

static void join(enum child child, pid_t group)
{
	must(setpgid(pids[child], group));
	groups[child] = group;
}

static void wait_for_end(pid_t pid, int options)
{
	siginfo_t info;
	while (waitid(P_PID, pid, &info, WEXITED | options) == -1)
		expect(errno == EINTR, "cannot wait for %d: %s", pid, strerror(errno));
}

static void check(void)
{
	for (int child = 0; child < CHILDREN; child++) {
		pid_t group = getpgid(pids[child]), session = getsid(pids[child]);
		expect(group == groups[child], "child %d: group %d became %d", child, groups[child], group);
		pid_t expected = child == HERALD ? pids[HERALD] : own_session;
		expect(session == expected, "child %d: session %d became %d", child, expected, session);
	}
}

static void take(enum child child)
{
	int status;
	pid_t got;
	while ((got = waitpid(-groups[child], &status, 0)) == -1 && errno == EINTR)
		;
	expect(got == pids[child], "group %d has %d, not child %d (%d)", groups[child], got, child, pids[child]);
	expect(WIFEXITED(status) && WEXITSTATUS(status) == CODE + (int)child, "child %d ended with status %#x", child, status);
}

int main(void)
{
	target_start();
	own_session = getsid(0);
	must(pipe2(ending, O_CLOEXEC));
	must(pipe2(staying, O_CLOEXEC));
	pid_t gone = start(ending, 0, false);
	for (int child = 0; child < CHILDREN; child++)
		pids[child] = start(lives[child] ? staying : ending, CODE + child, child == HERALD);
	must(setpgid(gone, gone));
	join(ORPHAN, gone);
	join(HEAD, pids[HEAD]);
	join(TAIL, pids[HEAD]);
	join(CHIEF, pids[CHIEF]);
	join(FELLOW, pids[CHIEF]);
	groups[HERALD] = pids[HERALD];
	must(close(ending[1]));
	wait_for_end(gone, 0);
	for (int child = 0; child < CHILDREN; child++)
		if (!lives[child])
			wait_for_end(pids[child], WNOWAIT);

	for (unsigned long tick = 1; !target_finishing(); tick++) {
		while (target_paused())
			rest(10);
		check();
		target_tick(tick);
		rest(10);
	}
	take(ORPHAN);
	take(HEAD);
	take(FELLOW);
	take(HERALD);
	must(close(staying[1]));
	take(TAIL);
	take(CHIEF);
	target_say("DONE\n");
	return 0;
}
