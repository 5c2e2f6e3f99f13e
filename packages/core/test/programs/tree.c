// Processes, five of which hand a token round through pipes:
//
//   root ─┬─ group ── grandchild     `group` leads a process group, which the grandchild is in
//         ├─ session ── foreign      `session` leads a session; `foreign` is in it, with a process group of its own
//         ├─ writer                  blocked in write(2) on a full pipe
//         └─ ended                   a zombie: nobody has waited for it yet
//
// Each one that has the token verifies itself, then writes a record through one open file description that they all
// share: its offset must be exactly where the one before left it. A tick: the token was everywhere. At the end every
// parent is told of its children's ends by the kernel.
#include "target.h"
#include <linux/kcmp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum member { ROOT, GROUP, GRANDCHILD, SESSION, FOREIGN, MEMBERS };
enum { CONTENT = 5000, CAPACITY = 131072, EXIT_CODE = 40, ENDED_CODE = 77, OWNER_SIGNAL = 42, PIPE_TAG = 2 };
#define EVENT_TAG 0x1122334455667788ULL

struct token {
	uint64_t sequence;
	uint64_t finishing;
};

static int ring[MEMBERS][2]; // ring[m]: m reads its token from it
static int content[2], flood[2], record_file, held_events, events, epoll;
static enum member me;
static pid_t root, parent, group, session;
static volatile sig_atomic_t children_ended, writer_ended;

static void on_child(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (number == SIGUSR2)
		writer_ended++;
	else if (info->si_code == CLD_EXITED)
		children_ended++;
}

static bool same_file(pid_t one, pid_t other, int fd)
{
	return syscall(SYS_kcmp, one, other, KCMP_FILE, fd, fd) == 0;
}

static void remember_relations(void)
{
	parent = getppid();
	group = getpgrp();
	session = getsid(0);
}

static void verify_relations(void)
{
	expect(getppid() == parent || me == ROOT, "member %d: parent %d became %d", me, parent, getppid());
	expect(getpgrp() == group, "member %d: process group %d became %d", me, group, getpgrp());
	expect(getsid(0) == session, "member %d: session %d became %d", me, session, getsid(0));
}

static void verify_self(void)
{
	int death_signal;
	verify_relations();
	expect(same_file(root, getpid(), record_file), "member %d: the record file is not shared any more", me);
	must(prctl(PR_GET_PDEATHSIG, &death_signal));
	expect(death_signal == (me == GROUP ? SIGURG : 0), "member %d: parent death signal %d", me, death_signal);
	if (me == GROUP)
		expect(same_file(root, getpid(), epoll), "the epoll file is not shared any more");
	if (me == GRANDCHILD)
		must(write(events, &(uint64_t){ 3 }, 8));
}

static void write_record(struct token *token)
{
	struct { uint64_t sequence, writer; } record = { token->sequence, me };
	off_t offset = lseek(record_file, 0, SEEK_CUR), expected = token->sequence * sizeof(record);
	expect(offset == expected, "member %d: the shared offset is %ld, not %ld", me, offset, expected);
	expect(write(record_file, &record, sizeof(record)) == sizeof(record), "cannot write a record");
	token->sequence++;
}

static void receive(struct token *token)
{
	ssize_t got;
	while ((got = read(ring[me][0], token, sizeof(*token))) == -1 && errno == EINTR)
		;
	if (got == 0)
		exit(9); // the root is gone
	expect(got == sizeof(*token), "member %d: %zd bytes of a token", me, got);
}

static void pass(const struct token *token)
{
	expect(write(ring[(me + 1) % MEMBERS][1], token, sizeof(*token)) == sizeof(*token), "member %d cannot pass the token", me);
}

static void expect_end(pid_t child, int code)
{
	int status;
	pid_t got;
	while ((got = waitpid(child, &status, __WALL)) == -1 && errno == EINTR)
		;
	expect(got == child && WIFEXITED(status) && WEXITSTATUS(status) == code, "member %d: child %d ended with status %#x, not %d (%s)",
	       me, child, status, code, strerror(errno));
}

// Only the ends that a member uses stay open: so each pipe ends when it should.
static void keep_own_ends(void)
{
	for (int m = 0; m < MEMBERS; m++) {
		if (m != (int)me)
			must(close(ring[m][0]));
		if (m != (int)(me + 1) % MEMBERS)
			must(close(ring[m][1]));
	}
	if (me != ROOT) {
		must(close(content[1]));
		must(close(flood[0]));
		must(close(flood[1]));
		must(close(held_events));
	} else {
		must(close(flood[1]));
	}
	if (me != ROOT && me != GROUP) {
		must(close(content[0]));
		must(close(epoll));
	}
}

static void read_content(void)
{
	uint8_t bytes[CONTENT + 1];
	size_t length = 0;
	ssize_t got;
	while ((got = read(content[0], bytes + length, sizeof(bytes) - length)) > 0)
		length += got;
	expect(got == 0 && length == CONTENT, "the pipe held %zu bytes, not %d (%s)", length, CONTENT, strerror(errno));
	for (int i = 0; i < CONTENT; i++)
		expect(bytes[i] == (uint8_t)pattern(i), "byte %d of the pipe", i);
}

__attribute__((noreturn)) static void member_loop(pid_t child)
{
	struct token token;
	for (;;) {
		receive(&token);
		verify_self();
		write_record(&token);
		pass(&token);
		if (token.finishing)
			break;
	}
	if (me == GROUP)
		read_content();
	if (child)
		expect_end(child, EXIT_CODE + me + 1);
	exit(EXIT_CODE + me);
}

static void lead_group(void)
{
	must(setpgid(0, 0));
	must(prctl(PR_SET_PDEATHSIG, SIGURG));
}

static void lead_session(void)
{
	must(setsid());
}

static void own_group(void)
{
	must(setpgid(0, 0));
}

static const struct {
	void (*settle)(void);
	enum member child; // 0: none
} members[MEMBERS] = {
	[GROUP] = { lead_group, GRANDCHILD },
	[GRANDCHILD] = { NULL, 0 },
	[SESSION] = { lead_session, FOREIGN },
	[FOREIGN] = { own_group, 0 },
};

static pid_t start_member(enum member member)
{
	pid_t pid = must(fork());
	if (pid)
		return pid;
	me = member;
	if (members[me].settle)
		members[me].settle();
	pid_t child = members[me].child ? start_member(members[me].child) : 0;
	keep_own_ends();
	remember_relations();
	member_loop(child);
}

// TREE_EXIT_SIGNAL=1: its parent is to get SIGUSR2 at its end, not SIGCHLD.
static pid_t start_writer(void)
{
	bool own_signal = target_option("TREE_EXIT_SIGNAL");
	pid_t pid = must(syscall(SYS_clone, own_signal ? SIGUSR2 : SIGCHLD, 0, 0, 0, 0));
	if (pid)
		return pid;
	syscall(SYS_close_range, 3, flood[1] - 1, 0);
	syscall(SYS_close_range, flood[1] + 1, ~0U, 0);
	target_log = -1; // opened again by name when there is something to say
	uint8_t bytes[512];
	for (unsigned long written = 0;;) {
		for (unsigned i = 0; i < sizeof(bytes); i++)
			bytes[i] = pattern(written + i);
		ssize_t done = write(flood[1], bytes, sizeof(bytes));
		if (done == -1 && errno == EPIPE)
			exit(EXIT_CODE + MEMBERS);
		expect(done > 0 || errno == EINTR, "the writer cannot write: %s", strerror(errno));
		written += done > 0 ? done : 0;
	}
}

static pid_t start_zombie(void)
{
	siginfo_t info;
	pid_t pid = must(fork());
	if (pid == 0)
		_exit(ENDED_CODE);
	must(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	return pid;
}

static void root_start(void)
{
	root = getpid();
	struct sigaction action = { .sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART };
	must(sigaction(SIGCHLD, &action, NULL));
	must(sigaction(SIGUSR2, &action, NULL));
	signal(SIGPIPE, SIG_IGN);
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	record_file = must(open("records", O_RDWR | O_CREAT | O_TRUNC, 0600));
	for (int m = 0; m < MEMBERS; m++)
		must(pipe2(ring[m], m & 1 ? O_CLOEXEC : 0));
	must(pipe2(content, 0));
	must(fcntl(content[0], F_SETPIPE_SZ, CAPACITY));
	for (int i = 0; i < CONTENT; i++)
		expect(write(content[1], &(uint8_t){ pattern(i) }, 1) == 1, "cannot fill the pipe");
	must(pipe2(flood, O_CLOEXEC));
	must(fcntl(flood[0], F_SETOWN_EX, &(struct f_owner_ex){ F_OWNER_PID, root }));
	must(fcntl(flood[0], F_SETSIG, OWNER_SIGNAL));
	held_events = must(eventfd(7, EFD_NONBLOCK | EFD_CLOEXEC));
	events = must(eventfd(0, 0));
	epoll = must(epoll_create1(0));
	must(epoll_ctl(epoll, EPOLL_CTL_ADD, events, &(struct epoll_event){ EPOLLIN, { .u64 = EVENT_TAG } }));
	must(epoll_ctl(epoll, EPOLL_CTL_ADD, flood[0], &(struct epoll_event){ EPOLLIN | EPOLLRDHUP, { .u64 = PIPE_TAG } }));
}

static void check_epoll(void)
{
	bool event_seen = false, pipe_seen = false;
	uint64_t value;
	must(write(events, &(uint64_t){ 1 }, 8));
	while (!event_seen || !pipe_seen) {
		struct epoll_event ready[4];
		int count = epoll_wait(epoll, ready, 4, 60000);
		if (count == -1 && errno == EINTR)
			continue;
		expect(count > 0, "epoll says nothing of what is ready");
		for (int i = 0; i < count; i++) {
			event_seen |= ready[i].data.u64 == EVENT_TAG;
			pipe_seen |= ready[i].data.u64 == PIPE_TAG;
			expect(ready[i].data.u64 == EVENT_TAG || ready[i].data.u64 == PIPE_TAG, "epoll gave %lx", ready[i].data.u64);
		}
	}
	expect(read(events, &value, 8) == 8 && value == 4, "the shared eventfd had %lu, not 4", value);
}

static void check_flood(unsigned long tick)
{
	static unsigned long taken;
	uint8_t bytes[1000];
	ssize_t got;
	while ((got = read(flood[0], bytes, 100 + tick % 900)) == -1 && errno == EINTR)
		;
	expect(got > 0, "the writer is gone: %zd %s", got, strerror(errno));
	for (ssize_t i = 0; i < got; i++, taken++)
		expect(bytes[i] == (uint8_t)pattern(taken), "byte %lu of the full pipe was lost or repeated", taken);
	struct f_owner_ex owner;
	must(fcntl(flood[0], F_GETOWN_EX, &owner));
	expect(owner.type == F_OWNER_PID && owner.pid == root, "owner of the pipe: %d of type %d", owner.pid, owner.type);
	expect(fcntl(flood[0], F_GETSIG) == OWNER_SIGNAL, "the pipe's signal is %d", fcntl(flood[0], F_GETSIG));
	expect(fcntl(content[1], F_GETPIPE_SZ) == CAPACITY, "a pipe's capacity is %d", fcntl(content[1], F_GETPIPE_SZ));
}

static void check_records(uint64_t expected)
{
	struct { uint64_t sequence, writer; } record;
	must(lseek(record_file, 0, SEEK_SET));
	for (uint64_t i = 0; i < expected; i++) {
		expect(read(record_file, &record, sizeof(record)) == sizeof(record), "record %lu is missing", i);
		expect(record.sequence == i && record.writer == (i + GROUP) % MEMBERS, "record %lu is %lu by %lu", i, record.sequence, record.writer);
	}
	expect(read(record_file, &record, 1) == 0, "there are more records than were written");
}

static void send_round(struct token *token)
{
	pass(token);
	receive(token);
	verify_self();
	write_record(token);
}

int main(void)
{
	target_start();
	root_start();
	pid_t ended = start_zombie();
	pid_t writer = start_writer();
	pid_t group_member = start_member(GROUP), session_member = start_member(SESSION);
	keep_own_ends();
	remember_relations();

	struct token token = { 0, 0 };
	for (unsigned long tick = 1; !target_finishing(); tick++) {
		while (target_paused())
			rest(10);
		send_round(&token);
		check_epoll();
		check_flood(tick);
		int subreaper;
		must(prctl(PR_GET_CHILD_SUBREAPER, &subreaper));
		expect(subreaper == 1, "the root does not adopt orphans any more");
		target_tick(tick);
		rest(10);
	}
	must(close(content[1]));
	token.finishing = 1;
	send_round(&token);
	expect_end(ended, ENDED_CODE);
	expect_end(group_member, EXIT_CODE + GROUP);
	expect_end(session_member, EXIT_CODE + SESSION);
	expect(children_ended > 0, "no SIGCHLD came");
	must(close(flood[0]));
	expect_end(writer, EXIT_CODE + MEMBERS);
	expect(!target_option("TREE_EXIT_SIGNAL") || writer_ended == 1, "the writer's own exit signal did not come");
	expect(waitpid(-1, NULL, __WALL) == -1 && errno == ECHILD, "there are children that nobody started");
	uint64_t value;
	expect(read(held_events, &value, 8) == 8 && value == 7, "the eventfd held %lu, not 7", value);
	check_records(token.sequence);
	target_say("DONE\n");
	return 0;
}
