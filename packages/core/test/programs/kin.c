// Who is whose child, group and session after those are gone that made it so:
//
//   root, which adopts orphans
//     ├─ orphan            its parent has ended
//     ├─ fellow, other     in the session and the group of a process that has ended
//     ├─ loner             in the same session, with a group of its own
//     ├─ member            in a group whose leader has ended, in the session of the root
//     ├─ guardian          adopts orphans itself
//     │    └─ ward         its parent, a child of the guardian, has ended
//     └─ elder             leads a session
//          └─ heir         its session is that of a child of the elder that has ended; the elder adopts orphans
//
// Two threads of the root have credentials of their own. A tick: each has found its relations as they were, by number or, with
// KIN_NEW, by whom it has them in common with. KIN_MANY: as many children more.
#include "target.h"
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum kin { ORPHAN, FELLOW, OTHER, LONER, MEMBER, GUARDIAN, WARD, ELDER, HEIR, KIN };
enum { MOST = 1000, THREADS = 2, EXIT_CODE = 3 };

static const char *const names[KIN] = { "orphan", "fellow", "other", "loner", "member", "guardian", "ward", "elder", "heir" };

struct one {
	volatile pid_t pid, parent, group, session;
	volatile unsigned long round;
};

static struct {
	struct one all[MOST];
	volatile unsigned long round;
	volatile bool ending, settled;
	volatile int pace; // milliseconds between two looks
} *common;

static int count = KIN;
static pid_t maker; // who made this one, and ends
static bool by_number;
static volatile unsigned long thread_rounds[THREADS];

static void note(struct one *one)
{
	one->pid = getpid();
	one->parent = getppid();
	one->group = getpgrp();
	one->session = getsid(0);
}

static void check(int which)
{
	struct one now, *was = &common->all[which];
	const char *name = which < KIN ? names[which] : "child";
	note(&now);
	if (by_number) {
		expect(now.pid == was->pid && now.parent == was->parent, "%s: pid %d, parent %d instead of %d, %d", name, now.pid,
		       now.parent, was->pid, was->parent);
		expect(now.group == was->group && now.session == was->session, "%s: group %d, session %d instead of %d, %d", name,
		       now.group, now.session, was->group, was->session);
	}
	// The kernel knows no other number for those.
	expect((now.group == now.pid) == (was->group == was->pid), "%s leads another group", name);
	expect((now.session == now.pid) == (was->session == was->pid), "%s leads another session", name);
	expect(kill(-now.group, 0) == 0, "%s: its group %d is not there", name, now.group);
	*was = (struct one){ now.pid, now.parent, now.group, now.session, was->round };
}

__attribute__((noreturn)) static void live(int which)
{
	while (!common->settled || getppid() == maker)
		rest(1);
	if (!common->all[which].pid)
		note(&common->all[which]);
	unsigned long seen = common->round;
	while (!common->ending) {
		if (seen != common->round) {
			seen = common->round;
			check(which);
			common->all[which].round = seen;
		}
		rest(common->pace);
	}
	if (which == GUARDIAN || which == ELDER) {
		int status;
		must(waitpid(-1, &status, 0));
		expect(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CODE, "the child of %s ended with %x", names[which], status);
	}
	_exit(EXIT_CODE);
}

static void as(int which)
{
	if (must(fork()) == 0)
		live(which);
}

static void own_group(int which)
{
	if (must(fork()))
		return;
	must(setpgid(0, 0));
	live(which);
}

static void make_orphan(void)
{
	as(ORPHAN);
}

static void make_session(void)
{
	must(setsid());
	as(FELLOW);
	as(OTHER);
	own_group(LONER);
}

static void make_group(void)
{
	must(setpgid(0, 0));
	as(MEMBER);
}

static void make_ward(void)
{
	as(WARD);
}

static void make_heir(void)
{
	must(setsid());
	as(HEIR);
}

// A process that makes others, and ends.
static void pass_away(void (*make)(void))
{
	pid_t pid = must(fork());
	if (pid == 0) {
		maker = getpid();
		make();
		_exit(0);
	}
	int status;
	must(waitpid(pid, &status, 0));
	expect(status == 0, "one that was to end ended with %x", status);
}

static void guard(int which, void (*settle)(void), void (*make)(void))
{
	if (must(fork()))
		return;
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	if (settle)
		settle();
	pass_away(make);
	live(which);
}

static void lead_session(void)
{
	must(setsid());
}

// What the C library sets for all threads is set for one here.
static void *own_credentials(void *number)
{
	long me = (long)number, user = 1000 + me;
	must(syscall(SYS_setresgid, user + 10, user + 20, user + 30));
	must(syscall(SYS_setresuid, user, me ? user + 1 : 0, 0));
	if (me == 0) // that is still allowed
		must(syscall(SYS_setfsuid, user + 5));
	while (!common->ending) {
		uid_t uids[3];
		gid_t gids[3];
		must(getresuid(&uids[0], &uids[1], &uids[2]));
		must(getresgid(&gids[0], &gids[1], &gids[2]));
		expect(uids[0] == user && uids[1] == (me ? user + 1 : 0) && uids[2] == 0, "thread %ld has the users %u, %u, %u", me, uids[0],
		       uids[1], uids[2]);
		expect(gids[0] == user + 10 && gids[1] == user + 20 && gids[2] == user + 30, "thread %ld has the groups %u, %u, %u", me,
		       gids[0], gids[1], gids[2]);
		expect(syscall(SYS_setfsuid, -1) == user + (me ? 1 : 5), "thread %ld has another user for files", me);
		thread_rounds[me]++;
		rest(2);
	}
	return NULL;
}

// What was answered before a restore says nothing after it.
static bool ask_all(void)
{
	unsigned long before[THREADS];
	pid_t me = getpid();
	common->round++;
	for (int at = 0; at < THREADS; at++)
		before[at] = thread_rounds[at];
	for (int at = 0; at < count; at++)
		while (common->all[at].round != common->round)
			rest(1);
	for (int at = 0; geteuid() == 0 && at < THREADS; at++)
		while (thread_rounds[at] == before[at])
			rest(1);
	return getpid() == me;
}

static void check_all(void)
{
	while (!ask_all())
		;
	const struct one *all = common->all;
	expect(all[FELLOW].session != getsid(0), "the fellow is in the session of the root");
	expect(all[FELLOW].session == all[OTHER].session && all[FELLOW].group == all[OTHER].group, "they are not together any more");
	expect(all[LONER].session == all[FELLOW].session && all[LONER].group != all[FELLOW].group, "the loner is not apart any more");
	expect(all[ORPHAN].session == getsid(0) && all[MEMBER].session == getsid(0), "some have left the session of the root");
	expect(all[WARD].parent == all[GUARDIAN].pid && all[HEIR].parent == all[ELDER].pid, "some have other parents");
	expect(all[HEIR].session != all[ELDER].session, "the heir is in the session of the elder");
}

// All of them are there, and have ended as they should.
static void wait_for_ends(void)
{
	for (int left = count - 2; left > 0; left--) {
		int status;
		must(wait(&status));
		expect(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CODE, "a child ended with %x", status);
	}
	expect(wait(NULL) == -1 && errno == ECHILD, "there is a child too many");
}

int main(void)
{
	pthread_t threads[THREADS];
	target_start();
	by_number = !target_option("KIN_NEW");
	if (target_option("KIN_MANY"))
		count += atoi(target_option("KIN_MANY"));
	expect(count <= MOST, "too many");
	common = must(mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	common->pace = 2 + count / 4; // hundreds that look often would leave the engine no processor
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	pass_away(make_orphan);
	pass_away(make_session);
	pass_away(make_group);
	guard(GUARDIAN, NULL, make_ward);
	guard(ELDER, lead_session, make_heir);
	for (int which = KIN; which < count; which++)
		as(which);
	common->settled = true;
	for (int at = 0; at < count; at++)
		while (!common->all[at].pid)
			rest(1);
	for (long at = 0; geteuid() == 0 && at < THREADS; at++)
		expect(pthread_create(&threads[at], NULL, own_credentials, (void *)at) == 0, "no thread");
	for (unsigned long ticks = 1; !target_finishing();) {
		check_all();
		if (!target_paused())
			target_tick(ticks++);
		rest(2);
	}
	common->ending = true;
	for (int at = 0; geteuid() == 0 && at < THREADS; at++)
		pthread_join(threads[at], NULL);
	wait_for_ends();
	target_say("DONE\n");
	return 0;
}
