// TCP connections, both ends of which this program has: IPv4, IPv6, IPv4 in IPv6 sockets; with data that waits in both directions, with one
// full of it, with halves that are closed. A tick: each side gets what the other has sent, byte by byte, and options are as they were.
// CONNECTIONS_KNOCK: a new connection comes to the listening socket each tick, and is accepted.
#include "target.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { PAIRS = 5, WAITING = 4, RECORD = 1000, PATIENCE = 60000 };

// What has gone one way: `sent` bytes, of which `got` have arrived.
struct way {
	int from, to;
	unsigned long sent, got;
};

struct pair {
	const char *name;
	int client, server;
	struct way there, back;
	struct sockaddr_in6 names[2]; // of the client, of the server
	socklen_t lengths[2];
};

static struct pair pairs[PAIRS];
static struct pair full, closed_client, closed_server, over, reset;
static int listeners[3];
static unsigned char record[RECORD], found[RECORD];

static unsigned char byte_at(unsigned long at) { return pattern(at / 8) >> (at % 8 * 8); }

// Waits for a descriptor, however often the wait is interrupted.
static bool ready(int fd, short events, int ms)
{
	for (long until = milliseconds() + ms;;) {
		struct pollfd it = { fd, events, 0 };
		long left = until - milliseconds();
		int count = poll(&it, 1, left < 0 ? 0 : left);
		if (count < 0 && errno == EINTR)
			continue;
		must(count);
		return count == 1;
	}
}

static void put(struct way *way, unsigned long length)
{
	while (length > 0) {
		unsigned long some = length > RECORD ? RECORD : length;
		for (unsigned long at = 0; at < some; at++)
			record[at] = byte_at(way->sent + at);
		expect(ready(way->from, POLLOUT, PATIENCE), "nothing can be sent after %lu bytes", way->sent);
		ssize_t put = must(send(way->from, record, some, MSG_NOSIGNAL));
		way->sent += put;
		length -= put;
	}
}

static void get(struct way *way, unsigned long length)
{
	while (length > 0) {
		expect(ready(way->to, POLLIN, PATIENCE), "nothing arrives after %lu bytes of %lu", way->got, way->sent);
		ssize_t got = must(recv(way->to, found, length > RECORD ? RECORD : length, 0));
		expect(got > 0, "the end comes after %lu bytes of %lu", way->got, way->sent);
		for (ssize_t at = 0; at < got; at++)
			expect(found[at] == byte_at(way->got + at), "byte %lu is %x", way->got + at, found[at]);
		way->got += got;
		length -= got;
	}
}

static int listening(int family, struct sockaddr_in6 *at)
{
	int fd = must(socket(family, SOCK_STREAM, 0));
	socklen_t length = sizeof(*at);
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	must(family == AF_INET ? bind(fd, (struct sockaddr *)&v4, sizeof(v4)) : bind(fd, (struct sockaddr *)&v6, sizeof(v6)));
	must(listen(fd, 8));
	must(getsockname(fd, (struct sockaddr *)at, &length));
	return fd;
}

static int client_of(const struct sockaddr_in6 *to)
{
	int fd = must(socket(to->sin6_family, SOCK_STREAM, 0));
	must(connect(fd, (const struct sockaddr *)to, to->sin6_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(*to)));
	return fd;
}

static void begin(struct pair *pair, const char *name, int listener, const struct sockaddr_in6 *to)
{
	pair->name = name;
	pair->client = client_of(to);
	pair->server = must(accept(listener, NULL, NULL));
	pair->there = (struct way){ pair->client, pair->server, 0, 0 };
	pair->back = (struct way){ pair->server, pair->client, 7, 7 };
	for (int side = 0; side < 2; side++) {
		pair->lengths[side] = sizeof(pair->names[side]);
		must(getsockname(side ? pair->server : pair->client, (struct sockaddr *)&pair->names[side], &pair->lengths[side]));
	}
}

static int option(int fd, int level, int name)
{
	int value = -1;
	must(getsockopt(fd, level, name, &value, &(socklen_t){ sizeof(value) }));
	return value;
}

static void has_names(const struct pair *pair)
{
	for (int side = 0; side < 2; side++) {
		struct sockaddr_in6 own = { 0 }, peer = { 0 };
		int fd = side ? pair->server : pair->client;
		must(getsockname(fd, (struct sockaddr *)&own, &(socklen_t){ sizeof(own) }));
		must(getpeername(fd, (struct sockaddr *)&peer, &(socklen_t){ sizeof(peer) }));
		expect(!memcmp(&own, &pair->names[side], pair->lengths[side]), "%s: side %d has another name", pair->name, side);
		expect(!memcmp(&peer, &pair->names[!side], pair->lengths[!side]), "%s: side %d leads elsewhere", pair->name, side);
	}
}

static int state_of(int fd)
{
	struct tcp_info info;
	must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &(socklen_t){ sizeof(info) }));
	return info.tcpi_state;
}

static void look(void)
{
	for (int at = 0; at < PAIRS; at++) {
		struct pair *it = &pairs[at];
		has_names(it);
		struct tcp_info info;
		must(getsockopt(it->client, IPPROTO_TCP, TCP_INFO, &info, &(socklen_t){ sizeof(info) }));
		expect(info.tcpi_state == TCP_ESTABLISHED, "%s: state %d", it->name, info.tcpi_state);
		expect((info.tcpi_options & 7) == 7, "%s: options %x", it->name, info.tcpi_options);
		int waits = -1;
		must(ioctl(it->server, FIONREAD, &waits));
		expect(waits >= 0 && (unsigned long)waits <= it->there.sent - it->there.got, "%s: %d bytes wait", it->name, waits);
		expect(option(it->client, SOL_SOCKET, SO_REUSEADDR) == 0, "%s: its address may be shared", it->name);
	}
	expect(option(pairs[0].client, IPPROTO_TCP, TCP_NODELAY) == 1 && option(pairs[0].server, IPPROTO_TCP, TCP_NODELAY) == 0, "TCP_NODELAY is another");
	expect(option(pairs[0].server, SOL_SOCKET, SO_KEEPALIVE) == 1 && option(pairs[0].server, IPPROTO_TCP, TCP_KEEPIDLE) == 77, "keepalive is another");
	expect(option(pairs[1].client, IPPROTO_TCP, TCP_USER_TIMEOUT) == 123456, "TCP_USER_TIMEOUT is another");
	expect(option(pairs[1].server, SOL_SOCKET, SO_RCVBUF) == 65536, "the buffer is another: %d", option(pairs[1].server, SOL_SOCKET, SO_RCVBUF));
	expect(fcntl(pairs[2].client, F_GETFL) == (O_RDWR | O_NONBLOCK), "flags are others");
	expect(option(listeners[0], SOL_SOCKET, SO_ACCEPTCONN) == 1, "it does not listen any more");
	expect(state_of(closed_client.client) == TCP_FIN_WAIT2 && state_of(closed_client.server) == TCP_CLOSE_WAIT, "states %d, %d", state_of(closed_client.client), state_of(closed_client.server));
	expect(state_of(closed_server.server) == TCP_FIN_WAIT2 && state_of(closed_server.client) == TCP_CLOSE_WAIT, "states %d, %d", state_of(closed_server.server), state_of(closed_server.client));
	char byte;
	expect(state_of(over.server) == TCP_CLOSE && state_of(reset.client) == TCP_CLOSE, "states %d, %d", state_of(over.server), state_of(reset.client));
	expect(recv(over.server, &byte, 1, MSG_PEEK) == 0 && send(over.server, "", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE, "what is over is not: %s", strerror(errno));
	expect(recv(reset.client, found, RECORD, MSG_PEEK) == 100 && found[7] == byte_at(reset.back.got + 7), "what came before the reset is lost");
	expect(recv(closed_client.server, &byte, 1, MSG_PEEK) == 0, "the end does not come");
	expect(send(closed_client.client, &byte, 1, MSG_NOSIGNAL) == -1 && errno == EPIPE, "a closed half can be written");
}

// Sends until nothing fits any more.
static void fill(struct way *way)
{
	for (int flags = MSG_DONTWAIT | MSG_NOSIGNAL;;) {
		for (unsigned long at = 0; at < RECORD; at++)
			record[at] = byte_at(way->sent + at);
		ssize_t put = send(way->from, record, RECORD, flags);
		if (put < 0 && errno == EAGAIN)
			return;
		way->sent += must(put);
	}
}

static void knock(void)
{
	struct sockaddr_in6 at = { 0 };
	must(getsockname(listeners[0], (struct sockaddr *)&at, &(socklen_t){ sizeof(at) }));
	int client = client_of(&at);
	int server = must(accept(listeners[0], NULL, NULL));
	must(close(client));
	must(close(server));
}

int main(void)
{
	target_start();
	struct sockaddr_in6 v4 = { 0 }, v6 = { 0 }, mapped = { 0 };
	listeners[0] = listening(AF_INET, &v4);
	listeners[1] = listening(AF_INET6, &v6);
	v6.sin6_addr = in6addr_loopback;
	listeners[2] = listening(AF_INET6, &mapped);
	mapped.sin6_addr = (struct in6_addr){ { { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 } } };
	begin(&pairs[0], "IPv4", listeners[0], &v4);
	begin(&pairs[1], "IPv4 again", listeners[0], &v4);
	begin(&pairs[2], "IPv6", listeners[1], &v6);
	begin(&pairs[3], "IPv4 in IPv6", listeners[2], &mapped);
	begin(&pairs[4], "IPv6 again", listeners[1], &v6);
	begin(&full, "full", listeners[0], &v4);
	begin(&closed_client, "closed by the client", listeners[0], &v4);
	begin(&closed_server, "closed by the server", listeners[1], &v6);
	begin(&over, "over", listeners[0], &v4);
	must(shutdown(over.client, SHUT_WR));
	expect(ready(over.server, POLLIN, PATIENCE), "the end does not come");
	must(shutdown(over.server, SHUT_WR));
	must(close(over.client));
	begin(&reset, "reset", listeners[0], &v4);
	put(&reset.back, 100);
	must(setsockopt(reset.server, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger)));
	must(close(reset.server));
	for (long until = milliseconds() + PATIENCE; state_of(over.server) != TCP_CLOSE || state_of(reset.client) != TCP_CLOSE; rest(1))
		expect(milliseconds() < until, "connections are not over");
	must(setsockopt(pairs[0].client, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)));
	must(setsockopt(pairs[0].server, SOL_SOCKET, SO_KEEPALIVE, &(int){ 1 }, sizeof(int)));
	must(setsockopt(pairs[0].server, IPPROTO_TCP, TCP_KEEPIDLE, &(int){ 77 }, sizeof(int)));
	must(setsockopt(pairs[1].client, IPPROTO_TCP, TCP_USER_TIMEOUT, &(int){ 123456 }, sizeof(int)));
	must(setsockopt(pairs[1].server, SOL_SOCKET, SO_RCVBUF, &(int){ 32768 }, sizeof(int)));
	must(fcntl(pairs[2].client, F_SETFL, O_NONBLOCK));
	for (int at = 0; at < PAIRS; at++) {
		put(&pairs[at].there, WAITING * RECORD);
		put(&pairs[at].back, WAITING * RECORD);
	}
	fill(&full.there);
	put(&closed_client.there, RECORD);
	must(shutdown(closed_client.client, SHUT_WR));
	get(&closed_client.there, RECORD);
	must(shutdown(closed_server.server, SHUT_WR));
	for (long until = milliseconds() + PATIENCE; state_of(closed_client.client) != TCP_FIN_WAIT2 || state_of(closed_server.server) != TCP_FIN_WAIT2; rest(1))
		expect(milliseconds() < until, "nobody hears that a half is closed");
	for (unsigned long number = 1; !target_finishing(); number++) {
		while (target_paused()) {
			look();
			rest(5);
		}
		look();
		for (int at = 0; at < PAIRS; at++) {
			put(&pairs[at].there, RECORD);
			get(&pairs[at].there, RECORD);
			put(&pairs[at].back, 100);
			get(&pairs[at].back, 100);
		}
		// The half that is open goes on.
		put(&closed_client.back, 10);
		get(&closed_client.back, 10);
		put(&closed_server.there, 10);
		get(&closed_server.there, 10);
		if (target_option("CONNECTIONS_KNOCK"))
			knock();
		target_tick(number);
		rest(5);
	}
	for (int at = 0; at < PAIRS; at++) {
		get(&pairs[at].there, pairs[at].there.sent - pairs[at].there.got);
		get(&pairs[at].back, pairs[at].back.sent - pairs[at].back.got);
		must(shutdown(pairs[at].client, SHUT_WR));
		expect(ready(pairs[at].server, POLLIN, PATIENCE), "%s: the end does not come", pairs[at].name);
		expect(must(recv(pairs[at].server, found, 1, 0)) == 0, "%s: more comes than was sent", pairs[at].name);
	}
	// The error that has waited in it all the time, once.
	expect(option(reset.client, SOL_SOCKET, SO_ERROR) == ECONNRESET && option(reset.client, SOL_SOCKET, SO_ERROR) == 0, "the error is lost");
	get(&reset.back, 100);
	expect(must(recv(reset.client, found, 1, 0)) == 0, "more comes than was sent");
	get(&full.there, full.there.sent);
	must(shutdown(closed_client.server, SHUT_WR));
	expect(ready(closed_client.client, POLLIN, PATIENCE) && must(recv(closed_client.client, found, 1, 0)) == 0, "the other half does not end");
	target_say("DONE\n");
	return 0;
}
