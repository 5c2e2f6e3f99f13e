// Files on their way through unix sockets: an end of a pipe that nobody else has; a file that is open too, in the same open file; several
// with one packet; a socket in which another file waits; with sockets of every type. A tick: all is received, looked at and sent again. FLIGHTS_PLAIN:
// without what CRIU cannot bring back.
#include "target.h"
#include <sys/socket.h>

enum { STREAM, PACKETS, DATAGRAMS, TYPES, HERE = 0, THERE, MOST = 3 };
static const int types[TYPES] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
static int carriers[TYPES][2], own, position;
static bool plain;

static void give(int through, const char *text, const int *files, int count)
{
	char control[CMSG_SPACE(MOST * sizeof(int))] = { 0 };
	struct iovec part = { (void *)text, strlen(text) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	if (count > 0) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		struct cmsghdr *head = CMSG_FIRSTHDR(&message);
		*head = (struct cmsghdr){ CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(head), files, count * sizeof(int));
	}
	expect(must(sendmsg(through, &message, 0)) == (ssize_t)strlen(text), "a part of %s was sent", text);
}

static void get(int from, const char *text, int *files, int count)
{
	char bytes[100], control[CMSG_SPACE(MOST * sizeof(int))];
	struct iovec part = { bytes, strlen(text) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	ssize_t length = must(recvmsg(from, &message, MSG_DONTWAIT));
	expect(length == (ssize_t)strlen(text) && memcmp(bytes, text, length) == 0, "%.*s came, and not %s", (int)length, bytes, text);
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	int found = head ? (head->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
	expect(found == count && !(message.msg_flags & MSG_CTRUNC), "%d files came with %s, and not %d", found, text, count);
	if (count > 0)
		memcpy(files, CMSG_DATA(head), count * sizeof(int));
}

static void swap(int from, int to, const char *text)
{
	char bytes[100];
	expect(write(from, text, strlen(text)) == (ssize_t)strlen(text), "cannot write %s", text);
	expect(read(to, bytes, sizeof(bytes)) == (ssize_t)strlen(text) && memcmp(bytes, text, strlen(text)) == 0, "%s was lost", text);
}

static void send_all(void)
{
	int ends[2], pair[2];
	for (int type = 0; type < TYPES; type++) {
		int through = carriers[type][THERE];
		must(pipe(ends));
		expect(write(ends[1], "in it", 5) == 5, "a pipe takes nothing");
		// In a stream the kernel does not tell apart what was sent before files.
		if (type != STREAM)
			give(through, "plain", NULL, 0);
		give(through, "a pipe", ends, 2);
		must(close(ends[0]));
		must(close(ends[1]));
		if (plain)
			continue;
		must(socketpair(AF_UNIX, types[type], 0, pair));
		give(pair[THERE], "nested", &own, 1);
		int three[] = { pair[HERE], own, pair[THERE] };
		give(through, "a pair", three, 3);
		must(close(pair[HERE]));
		must(close(pair[THERE]));
		give(through, "last", NULL, 0);
	}
}

static void same(int file)
{
	expect(lseek(file, 0, SEEK_CUR) == position, "the file that came is at %ld", lseek(file, 0, SEEK_CUR));
	must(lseek(file, ++position % 1000, SEEK_SET));
	position %= 1000;
	expect(lseek(own, 0, SEEK_CUR) == position, "the file that came is another one");
	must(close(file));
}

static void receive_all(void)
{
	int files[MOST], nested;
	char bytes[10];
	for (int type = 0; type < TYPES; type++) {
		int from = carriers[type][HERE];
		if (type != STREAM)
			get(from, "plain", NULL, 0);
		get(from, "a pipe", files, 2);
		expect(read(files[0], bytes, sizeof(bytes)) == 5 && memcmp(bytes, "in it", 5) == 0, "what was in the pipe is lost");
		swap(files[1], files[0], "through a pipe");
		must(close(files[0]));
		must(close(files[1]));
		if (plain)
			continue;
		get(from, "a pair", files, 3);
		same(files[1]);
		get(files[0], "nested", &nested, 1);
		same(nested);
		swap(files[0], files[2], "through a pair");
		must(close(files[0]));
		must(close(files[2]));
		get(from, "last", NULL, 0);
		expect(recv(from, bytes, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN, "something is left");
	}
}

int main(void)
{
	target_start();
	plain = target_option("FLIGHTS_PLAIN");
	own = must(open("words", O_RDONLY));
	for (int type = 0; type < TYPES; type++)
		must(socketpair(AF_UNIX, types[type], 0, carriers[type]));
	send_all();
	for (unsigned long tick = 1; !target_finishing();) {
		if (!target_paused()) {
			receive_all();
			send_all();
			target_tick(tick++);
		}
		rest(3);
	}
	receive_all();
	target_say("DONE\n");
	return 0;
}
