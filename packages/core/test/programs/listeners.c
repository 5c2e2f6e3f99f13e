// Unix sockets with names: paths, relative ones, abstract ones, names that are gone, replaced or were never seen; that listen, with
// connections that nobody has accepted; that were accepted, also by one that listens no more; datagram sockets that lead to a name.
// A tick: each connection is talked through, what waits is accepted, and another one begun. LISTENERS_PLAIN: without what CRIU does
// not keep. LISTENERS_NEW: its pids may be others by now.
#include "target.h"
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

struct name {
	struct sockaddr_un address;
	socklen_t length;
};

struct connection {
	int client, server;
};

enum { BACKLOG = 5, MODE = 0621, OFFSET = offsetof(struct sockaddr_un, sun_path) };

static struct name none, path, relative, abstract, gone, first, box, reply, lost;
static int path_listener, relative_listener, abstract_listener, older_listener, newer_listener, idle;
static struct connection by_path, by_relative, by_abstract, by_gone, by_older, named, waiting, half_open, family;
static int box_socket, box_client, reply_socket, lost_box, lost_client;
static bool plain;
static pid_t maker, child;

static struct name name_of(const char *text, size_t length)
{
	struct name it = { { .sun_family = AF_UNIX }, OFFSET + length };
	memcpy(it.address.sun_path, text, length);
	return it;
}

static struct name name_in(const char *file)
{
	const char *whole = target_path(file);
	return name_of(whole, strlen(whole) + 1);
}

static int named_socket(int type, const struct name *name)
{
	int fd = must(socket(AF_UNIX, type, 0));
	must(bind(fd, (const struct sockaddr *)&name->address, name->length));
	return fd;
}

static int listener_at(int type, const struct name *name)
{
	int fd = named_socket(type, name);
	must(listen(fd, BACKLOG));
	return fd;
}

static void lead(int fd, const struct name *to) { must(connect(fd, (const struct sockaddr *)&to->address, to->length)); }

static int client_of(int type, const struct name *to)
{
	int fd = must(socket(AF_UNIX, type, 0));
	lead(fd, to);
	return fd;
}

static struct connection connection(int type, int listener, const struct name *to)
{
	int fd = client_of(type, to);
	return (struct connection){ fd, must(accept(listener, NULL, NULL)) };
}

static void has_name(int fd, bool is_peer, const struct name *name)
{
	struct name it = { .length = sizeof(it.address) };
	must((is_peer ? getpeername : getsockname)(fd, (struct sockaddr *)&it.address, &it.length));
	socklen_t length = name->length ? name->length : OFFSET;
	if (length == OFFSET)
		expect(it.length == OFFSET, "%s of %d has a name", is_peer ? "the other end" : "the socket", fd);
	else
		expect(it.length == length && memcmp(&it.address, &name->address, length) == 0, "the name of %d is '%s' of %d, not '%s' of %d", fd,
			it.address.sun_path, it.length, name->address.sun_path, length);
}

static void put(int fd, const char *text) { expect(must(send(fd, text, strlen(text), 0)) == (ssize_t)strlen(text), "a part of %s was sent", text); }

static void get(int fd, const char *text, const struct name *from)
{
	char bytes[100];
	struct name it = { .length = sizeof(it.address) };
	ssize_t length = must(recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&it.address, &it.length));
	expect(length == (ssize_t)strlen(text) && memcmp(bytes, text, length) == 0, "%.*s came, and not %s", (int)length, bytes, text);
	if (from)
		expect(from->length == 0 ? it.length == 0 : it.length == from->length && memcmp(&it.address, &from->address, it.length) == 0,
			"%s comes from '%s'", text, it.address.sun_path);
}

static void talk(struct connection it)
{
	put(it.client, "ask");
	get(it.server, "ask", NULL);
	put(it.server, "answer");
	get(it.client, "answer", NULL);
}

static void made_by(int fd, pid_t pid)
{
	struct ucred it;
	if (target_option("LISTENERS_NEW"))
		return;
	must(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &it, &(socklen_t){ sizeof(it) }));
	expect(it.pid == pid && it.uid == getuid(), "the other end of %d is of %d, user %d", fd, it.pid, it.uid);
}

static void listens(int fd, bool does)
{
	int value;
	must(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &(socklen_t){ sizeof(value) }));
	expect(value == does, "%d %s", fd, does ? "listens no more" : "listens");
}

// What does not change, and can be looked at.
static void look(void)
{
	has_name(path_listener, false, &path);
	has_name(relative_listener, false, &relative);
	has_name(abstract_listener, false, &abstract);
	has_name(older_listener, false, &first);
	has_name(newer_listener, false, &first);
	has_name(idle, false, &lost);
	has_name(box_client, true, &box);
	has_name(reply_socket, true, &box);
	listens(path_listener, true);
	listens(idle, false);
	struct stat file;
	must(lstat(target_path("listener"), &file));
	expect(file.st_mode == (S_IFSOCK | MODE), "the mode of the name is %o", file.st_mode);
	expect(access(target_path("gone"), F_OK) == -1 && access(target_path("lost"), F_OK) == -1, "a name has come back");
	must(lstat(target_path("first"), &file));
	expect(fcntl(by_path.server, F_GETFL) == (O_RDWR | O_NONBLOCK), "the flags are others");
	expect(plain || recv(half_open.client, &(char){ 0 }, 1, MSG_PEEK) == 1, "the last word is lost");
	expect(send(half_open.client, "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE, "what is closed takes something");
	if (!plain) {
		has_name(by_path.server, false, &path);
		has_name(by_path.client, true, &path);
		has_name(by_path.client, false, &none);
		has_name(by_relative.server, false, &relative);
		has_name(by_abstract.client, true, &abstract);
		has_name(by_gone.server, false, &gone);
		has_name(by_gone.client, true, &gone);
		has_name(named.server, true, &reply);
		has_name(half_open.client, true, &path);
		made_by(by_path.server, maker);
		made_by(by_path.client, maker);
		made_by(family.server, child);
	}
}

static void be_child(int client)
{
	must(prctl(PR_SET_PDEATHSIG, SIGKILL));
	char byte;
	while (recv(client, &byte, 1, 0) == 1) {
		if (!plain)
			made_by(client, maker);
		byte++;
		must(send(client, &byte, 1, 0));
	}
	_exit(4);
}

// A child connects: the other end tells who it is.
static void begin_family(void)
{
	child = must(fork());
	if (child == 0)
		be_child(client_of(SOCK_STREAM, &path));
	family.server = must(accept(path_listener, NULL, NULL));
}

static void wait_for_somebody(void)
{
	waiting.client = client_of(SOCK_STREAM, &path);
}

static void fill(void)
{
	put(box_client, "first");
	put(reply_socket, "second");
	put(by_path.client, "waits");
	put(lost_client, "lost");
}

static void take(void)
{
	get(box_socket, "first", plain ? NULL : &none);
	get(box_socket, "second", plain ? NULL : &reply);
	get(by_path.server, "waits", NULL);
	get(lost_box, "lost", NULL);
}

int main(void)
{
	target_start();
	maker = getpid();
	plain = target_option("LISTENERS_PLAIN");
	char text[40] = { 0 };
	snprintf(text + 1, sizeof(text) - 1, "criujs-listeners-%d", getpid());
	abstract = name_of(text, 1 + strlen(text + 1));
	path = name_in("listener");
	relative = name_of("relative", sizeof("relative"));
	gone = name_in("gone");
	first = name_in("first");
	box = name_in("box");
	reply = name_in("reply");
	lost = name_in("lost");
	umask(0);

	path_listener = listener_at(SOCK_STREAM, &path);
	must(chmod(target_path("listener"), MODE));
	relative_listener = listener_at(SOCK_SEQPACKET, &relative);
	abstract_listener = listener_at(SOCK_STREAM, &abstract);
	by_path = connection(SOCK_STREAM, path_listener, &path);
	must(fcntl(by_path.server, F_SETFL, O_RDWR | O_NONBLOCK));
	by_relative = connection(SOCK_SEQPACKET, relative_listener, &relative);
	by_abstract = connection(SOCK_STREAM, abstract_listener, &abstract);
	half_open = connection(SOCK_STREAM, path_listener, &path);
	if (!plain)
		put(half_open.server, "z");
	must(close(half_open.server));

	// Whose name is gone, with the one that listened.
	int listener = listener_at(SOCK_STREAM, &gone);
	by_gone = connection(SOCK_STREAM, listener, &gone);
	must(close(listener));
	must(unlink(target_path("gone")));

	// Whose name another one has now.
	older_listener = listener_at(SOCK_STREAM, &first);
	by_older = connection(SOCK_STREAM, older_listener, &first);
	must(unlink(target_path("first")));
	newer_listener = listener_at(SOCK_STREAM, &first);

	// A client with a name of its own, which is also that of a datagram socket once it is free.
	idle = named_socket(SOCK_STREAM, &lost);
	must(unlink(target_path("lost")));
	named.client = named_socket(SOCK_STREAM, &reply);
	lead(named.client, &path);
	named.server = must(accept(path_listener, NULL, NULL));
	must(unlink(target_path("reply")));

	box_socket = named_socket(SOCK_DGRAM, &box);
	box_client = client_of(SOCK_DGRAM, &box);
	reply_socket = named_socket(SOCK_DGRAM, &reply);
	lead(reply_socket, &box);
	lost_box = named_socket(SOCK_DGRAM, &lost);
	lost_client = client_of(SOCK_DGRAM, &lost);
	must(unlink(target_path("lost")));

	begin_family();
	wait_for_somebody();
	fill();
	unsigned char byte = 0;
	for (unsigned long tick = 1; !target_finishing();) {
		look();
		if (!target_paused()) {
			take();
			struct connection all[] = { by_path, by_relative, by_abstract, by_gone, by_older, named };
			for (size_t at = 0; at < sizeof(all) / sizeof(*all); at++)
				talk(all[at]);
			put(box_socket >= 0 ? reply_socket : -1, "again");
			get(box_socket, "again", &reply);
			must(sendto(box_socket, "back", 4, 0, (struct sockaddr *)&reply.address, reply.length));
			get(reply_socket, "back", &box);
			waiting.server = must(accept(path_listener, NULL, NULL));
			talk(waiting);
			must(close(waiting.client));
			must(close(waiting.server));
			wait_for_somebody();
			fill();
			unsigned char before = byte;
			must(send(family.server, &byte, 1, 0));
			must(recv(family.server, &byte, 1, 0));
			expect(byte == (unsigned char)(before + 1), "the child answers %d to %d", byte, before);
			target_tick(tick++);
		}
		rest(3);
	}
	take();
	struct connection last[] = {
		connection(SOCK_SEQPACKET, relative_listener, &relative),
		connection(SOCK_STREAM, abstract_listener, &abstract),
		connection(SOCK_STREAM, newer_listener, &first),
	};
	for (size_t at = 0; at < sizeof(last) / sizeof(*last); at++)
		talk(last[at]);
	must(close(family.server));
	int status;
	must(waitpid(-1, &status, 0));
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 4, "the child ended with %x", status);
	target_say("DONE\n");
	return 0;
}
