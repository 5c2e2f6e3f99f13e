// Pairs of unix sockets: every type, with what waits in them, between processes, one end closed or shut, and sockets that were never connected.
// A tick: what waited is read and sent again, and a child is asked. PAIRS_PLAIN: without what CRIU does not keep.
#include "target.h"
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { HERE, THERE };
static int stream[2], packets[2], datagrams[2], family[2], passing[2], halves[2], sized[2];
static int ended, reset, lone[2];
static pid_t maker;
static bool plain;

static void put(int fd, const char *text) { expect(must(send(fd, text, strlen(text), 0)) == (ssize_t)strlen(text), "a part of %s was sent", text); }

static void get(int fd, const char *text)
{
	char bytes[100];
	ssize_t length = must(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT));
	expect(length == (ssize_t)strlen(text) && memcmp(bytes, text, length) == 0, "%.*s came, and not %s", (int)length, bytes, text);
}

static void nothing(int fd) { expect(recv(fd, &(char){ 0 }, 1, MSG_DONTWAIT | MSG_PEEK) == -1 && errno == EAGAIN, "something waits at %d", fd); }

static int option(int fd, int name)
{
	int value = -1;
	socklen_t length = sizeof(value);
	must(getsockopt(fd, SOL_SOCKET, name, &value, &length));
	return value;
}

static void made_by(int fd, pid_t pid)
{
	struct ucred it;
	socklen_t length = sizeof(it);
	must(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &it, &length));
	expect(it.pid == pid && it.uid == getuid() && it.gid == getgid(), "the other end of %d is of %d, %d:%d", fd, it.pid, it.uid, it.gid);
}

static void fill(void)
{
	put(stream[THERE], "to here");
	put(stream[THERE], " and more");
	put(stream[HERE], "to there");
	put(packets[HERE], "one");
	put(packets[HERE], "two");
	put(packets[HERE], "three");
	put(datagrams[HERE], "first");
	if (!plain)
		must(send(datagrams[HERE], "", 0, 0));
	put(datagrams[HERE], "third");
	if (!plain)
		put(passing[HERE], "signed");
	put(halves[THERE], "before it was shut");
}

static void take(void)
{
	get(stream[HERE], "to here and more");
	get(stream[THERE], "to there");
	get(packets[THERE], "one");
	get(packets[THERE], "two");
	get(packets[THERE], "three");
	nothing(packets[THERE]);
	get(datagrams[THERE], "first");
	if (!plain)
		get(datagrams[THERE], "");
	get(datagrams[THERE], "third");
	nothing(datagrams[THERE]);

	if (plain)
		return;
	char bytes[100];
	char control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec part = { bytes, sizeof(bytes) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	expect(must(recvmsg(passing[THERE], &message, MSG_DONTWAIT)) == 6, "what is signed has another length");
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	expect(head && head->cmsg_type == SCM_CREDENTIALS, "it is not signed");
	struct ucred *from = (struct ucred *)CMSG_DATA(head);
	expect(from->pid == getpid() && from->uid == getuid(), "it is signed by %d of %d", from->pid, from->uid);
}

// What does not change, and can be looked at.
static void look(void)
{
	if (!plain) {
		made_by(stream[HERE], maker);
		made_by(family[HERE], maker);
	}
	expect(fcntl(stream[HERE], F_GETFL) == (O_RDWR | O_NONBLOCK) && fcntl(stream[THERE], F_GETFL) == O_RDWR, "the flags are others");
	expect(option(passing[THERE], SO_PASSCRED) == 1 && option(passing[HERE], SO_PASSCRED) == 0, "SO_PASSCRED is another");
	expect(option(sized[HERE], SO_SNDBUF) == 40960 && option(sized[THERE], SO_RCVBUF) == 20480, "buffers have other sizes");
	struct timeval limit;
	must(getsockopt(sized[HERE], SOL_SOCKET, SO_RCVTIMEO, &limit, &(socklen_t){ sizeof(limit) }));
	expect(limit.tv_sec == 7 && limit.tv_usec == 500000, "the time limit is %ld.%06ld", limit.tv_sec, limit.tv_usec);
	expect(send(halves[HERE], "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE, "the half that is shut takes something");
	expect(recv(halves[THERE], &(char){ 0 }, 1, MSG_DONTWAIT) == 0, "the other end is not at its end");
	char bytes[100];
	expect(recv(ended, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT) == 4 && memcmp(bytes, "last", 4) == 0, "the last words are lost");
	struct pollfd events = { reset, POLLIN, 0 };
	expect(plain || (must(poll(&events, 1, 0)) == 1 && (events.revents & (POLLERR | POLLHUP)) == (POLLERR | POLLHUP)), "events of what was reset: %x", events.revents);
	for (int at = 0; at < 2; at++)
		expect(recv(lone[at], bytes, 1, MSG_DONTWAIT) == -1 && errno == (at == 0 ? EINVAL : EAGAIN), "the lone socket %d answers %d", at, errno);
}

static void child(void)
{
	must(prctl(PR_SET_PDEATHSIG, SIGKILL));
	must(close(family[HERE]));
	char byte;
	while (recv(family[THERE], &byte, 1, 0) == 1) {
		byte++;
		must(send(family[THERE], &byte, 1, 0));
	}
	_exit(4);
}

static void pair(int type, int pair[2]) { must(socketpair(AF_UNIX, type, 0, pair)); }

int main(void)
{
	target_start();
	maker = getpid();
	plain = target_option("PAIRS_PLAIN");
	pair(SOCK_STREAM, stream);
	must(fcntl(stream[HERE], F_SETFL, O_RDWR | O_NONBLOCK));
	pair(SOCK_SEQPACKET, packets);
	pair(SOCK_DGRAM, datagrams);
	pair(SOCK_STREAM, family);
	pair(SOCK_DGRAM, passing);
	must(setsockopt(passing[THERE], SOL_SOCKET, SO_PASSCRED, &(int){ 1 }, sizeof(int)));
	pair(SOCK_STREAM, halves);
	pair(SOCK_STREAM, sized);
	must(setsockopt(sized[HERE], SOL_SOCKET, SO_SNDBUF, &(int){ 20480 }, sizeof(int)));
	must(setsockopt(sized[THERE], SOL_SOCKET, SO_RCVBUF, &(int){ 10240 }, sizeof(int)));
	must(setsockopt(sized[HERE], SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ 7, 500000 }, sizeof(struct timeval)));
	int closed[2];
	pair(SOCK_STREAM, closed);
	put(closed[THERE], "last");
	must(close(closed[THERE]));
	ended = closed[HERE];
	pair(SOCK_STREAM, closed);
	put(closed[HERE], "unread");
	must(close(closed[THERE]));
	reset = closed[HERE];
	lone[0] = must(socket(AF_UNIX, SOCK_STREAM, 0));
	lone[1] = must(socket(AF_UNIX, SOCK_DGRAM, 0));
	fill();
	must(shutdown(halves[HERE], SHUT_WR));
	pid_t other = must(fork());
	if (other == 0)
		child();
	must(close(family[THERE]));
	unsigned char byte = 0;
	for (unsigned long tick = 1; !target_finishing();) {
		look();
		if (!target_paused()) {
			take();
			get(halves[HERE], "before it was shut");
			fill();
			unsigned char before = byte;
			must(send(family[HERE], &byte, 1, 0));
			must(recv(family[HERE], &byte, 1, 0));
			expect(byte == (unsigned char)(before + 1), "the child answers %d to %d", byte, before);
			target_tick(tick++);
		}
		rest(3);
	}
	take();
	get(ended, "last");
	expect(recv(ended, &byte, 1, 0) == 0, "something comes after the last words");
	expect(plain || (recv(reset, &byte, 1, 0) == -1 && errno == ECONNRESET), "what was reset answers %d", errno);
	must(close(family[HERE]));
	int status;
	must(waitpid(-1, &status, 0)); // it may have another pid by now
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 4, "the child ended with %x", status);
	target_say("DONE\n");
	return 0;
}
