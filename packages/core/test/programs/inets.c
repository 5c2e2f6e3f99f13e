// TCP sockets that listen or are not connected, and raw sockets (where one may have them), with their options. A tick: addresses and options are as
// they were; each eighth, and in the end, somebody connects to those that listen, and raw sockets get what others send.
// INETS_PLAIN: without what CRIU does not keep. INETS_USER: without what an ordinary user may not have.
#include "target.h"
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <poll.h>
#include "inet.h"

enum { TALKS = 8, GROUP = 2, EXPERIMENT = 253, ICMP_FILTER_OPTION = 1, NO_PORTS = 24, CHECKSUM6 = 7, FASTOPEN_KEY = 33, HDRINCL6 = 36 };
static bool plain, ordinary;
static int rich, six, wild, siblings[GROUP], fresh, bound, shared[2], portless;
static int over, carrier[2];
static union address carried;
static int raw, raw_end, icmp, icmp6, headers, headers6;
static const char key[17] = "sixteen letters!";

static int tcp(int family) { return must(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

static int listens(int fd, int backlog)
{
	must(listen(fd, backlog));
	return keep_name(fd);
}

static void options_of_tcp(int fd)
{
	if (!plain)
		set_kept(fd, SOL_IP, IP_TOS, 0x08); // it sets the priority too
	set_kept(fd, SOL_TCP, TCP_NODELAY, 1);
	set_kept(fd, SOL_TCP, TCP_KEEPIDLE, 77);
	set_kept(fd, SOL_TCP, TCP_KEEPINTVL, 7);
	set_kept(fd, SOL_TCP, TCP_KEEPCNT, 5);
	set_kept(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_kept(fd, SOL_SOCKET, SO_OOBINLINE, 1);
	set_kept(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set_kept(fd, SOL_SOCKET, SO_PRIORITY, 5);
	set_kept(fd, SOL_SOCKET, SO_RCVBUF, 50000);
	set_kept(fd, SOL_SOCKET, SO_SNDBUF, 60000);
	set_kept(fd, SOL_SOCKET, SO_RCVLOWAT, 3);
	keep(fd, SOL_SOCKET, BUF_LOCK);
	keep(fd, SOL_SOCKET, SO_REUSEPORT);
	must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 12 }, sizeof(struct linger)));
	must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ 3, 0 }, sizeof(struct timeval)));
	if (plain)
		return;
	set_kept(fd, SOL_TCP, TCP_MAXSEG, 900);
	set_kept(fd, SOL_TCP, TCP_SYNCNT, 4);
	set_kept(fd, SOL_TCP, TCP_LINGER2, 20);
	set_kept(fd, SOL_TCP, TCP_DEFER_ACCEPT, 3);
	set_kept(fd, SOL_TCP, TCP_WINDOW_CLAMP, 40000);
	set_kept(fd, SOL_TCP, TCP_USER_TIMEOUT, 12345);
	set_kept(fd, SOL_TCP, TCP_NOTSENT_LOWAT, 5555);
	set_kept(fd, SOL_TCP, TCP_FASTOPEN, 6);
	set_kept(fd, SOL_TCP, TCP_SAVE_SYN, 1);
	must(setsockopt(fd, SOL_TCP, FASTOPEN_KEY, key, 16));
	must(setsockopt(fd, SOL_TCP, TCP_CONGESTION, "reno", 4));
	if (!ordinary)
		set_kept(fd, SOL_SOCKET, SO_MARK, 99);
}

static void look_at_tcp(void)
{
	look_at_options();
	look_at_names();
	struct linger linger;
	must(getsockopt(rich, SOL_SOCKET, SO_LINGER, &linger, &(socklen_t){ sizeof(linger) }));
	expect(linger.l_onoff && linger.l_linger == 12, "it lingers %d seconds", linger.l_linger);
	struct timeval time;
	must(getsockopt(rich, SOL_SOCKET, SO_RCVTIMEO, &time, &(socklen_t){ sizeof(time) }));
	expect(time.tv_sec == 3, "it waits %ld seconds", (long)time.tv_sec);
	struct tcp_info info;
	must(getsockopt(rich, SOL_TCP, TCP_INFO, &info, &(socklen_t){ sizeof(info) }));
	expect(info.tcpi_state == TCP_LISTEN && info.tcpi_sacked == 9, "%u may wait, in state %u", info.tcpi_sacked, info.tcpi_state);
	expect(get(siblings[1], SOL_SOCKET, SO_ACCEPTCONN) == 1 && get(bound, SOL_SOCKET, SO_ACCEPTCONN) == 0, "others listen");
	expect(fcntl(six, F_GETFL) == (O_RDWR | O_NONBLOCK), "the flags are %x", fcntl(six, F_GETFL));
	if (plain)
		return;
	char text[32] = "";
	must(getsockopt(rich, SOL_TCP, TCP_CONGESTION, text, &(socklen_t){ sizeof(text) }));
	expect(!strcmp(text, "reno"), "its algorithm is %s", text);
	must(getsockopt(rich, SOL_TCP, FASTOPEN_KEY, text, &(socklen_t){ 16 }));
	expect(!memcmp(text, key, 16), "its key is another");
}

// Somebody connects, says a word and has it back. What is left is reset: else its port would be taken for a minute.
static void call_up(int listener, const char *host)
{
	union address here = name_of(listener), to = address_of(host, port_of(&here));
	int caller = tcp(to.any.sa_family);
	char word[6] = "";
	must(setsockopt(caller, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger)));
	must(connect(caller, &to.any, length_of(&to)));
	expect(send(caller, "hello", 5, 0) == 5, "cannot send: %s", strerror(errno));
	struct pollfd ready = { .fd = listener, .events = POLLIN };
	while (poll(&ready, 1, 5000) < 0)
		expect(errno == EINTR, "poll: %s", strerror(errno));
	int taken = must(accept(listener, NULL, NULL));
	expect(recv(taken, word, 5, MSG_WAITALL) == 5 && !strcmp(word, "hello"), "it hears %s", word);
	must(close(caller));
	must(close(taken));
}

// An address that no other program has.
static const char *own_host(int which)
{
	static char host[2][32];
	snprintf(host[which], sizeof(host[which]), "127.%d.%d.%d", 100 + which, getpid() >> 8 & 255, getpid() & 255);
	return host[which];
}

static int raw_socket(int family, int protocol) { return must(socket(family, SOCK_RAW | SOCK_CLOEXEC, protocol)); }

static void start_raw(void)
{
	raw = inet_bind(raw_socket(AF_INET, EXPERIMENT), own_host(0), 0);
	raw_end = inet_bind(raw_socket(AF_INET, EXPERIMENT), own_host(1), 0);
	// CRIU does not lead one anywhere that leads to no port.
	for (int which = 0; !plain && which < 2; which++) {
		union address to = address_of(own_host(!which), 0);
		must(connect(which ? raw_end : raw, &to.any, length_of(&to)));
	}
	set_kept(raw, SOL_IP, IP_TTL, 17);
	set_kept(raw, SOL_IP, IP_PKTINFO, 1);
	icmp = inet_bind(raw_socket(AF_INET, IPPROTO_ICMP), own_host(0), 0);
	set_kept(icmp, SOL_RAW, ICMP_FILTER_OPTION, ~(1 << ICMP_ECHOREPLY));
	icmp6 = raw_socket(AF_INET6, IPPROTO_ICMPV6);
	struct icmp6_filter nothing;
	memset(&nothing, 0xff, sizeof(nothing));
	nothing.data[3] = 0xfffffffe;
	nothing.data[7] = 0x7fffffff;
	must(setsockopt(icmp6, SOL_ICMPV6, ICMPV6_FILTER, &nothing, sizeof(nothing)));
	headers = raw_socket(AF_INET, IPPROTO_RAW);
	keep(headers, SOL_IP, IP_HDRINCL);
	headers6 = raw_socket(AF_INET6, EXPERIMENT + 1);
	set_kept(headers6, SOL_IPV6, HDRINCL6, 1);
	set_kept(raw_end, SOL_IP, IP_NODEFRAG, 1);
	keep_name(raw);
	keep_name(raw_end);
	keep_name(icmp);
	keep_name(icmp6);
	keep_name(headers6);
	if (!plain) {
		set_kept(headers6, SOL_IPV6, CHECKSUM6, 4);
		set_kept(raw, SOL_IP, IP_RECVTTL, 1);
		set_kept(icmp6, SOL_IPV6, IPV6_RECVHOPLIMIT, 1);
	}
}

static void look_at_raw(void)
{
	struct icmp6_filter filter;
	must(getsockopt(icmp6, SOL_ICMPV6, ICMPV6_FILTER, &filter, &(socklen_t){ sizeof(filter) }));
	expect(filter.data[0] == 0xffffffff && filter.data[3] == 0xfffffffe && filter.data[7] == 0x7fffffff, "its filter is another");
}

static void gets(int fd, const char *what, size_t compared, size_t length)
{
	unsigned char got[256];
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	while (poll(&ready, 1, 5000) < 0)
		expect(errno == EINTR, "poll: %s", strerror(errno));
	ssize_t result = must(recv(fd, got, sizeof(got), MSG_DONTWAIT));
	expect(result == (ssize_t)(20 + length) && !memcmp(got + 20, what, compared), "%d gets %zd bytes", fd, result);
}

static void say(int fd, int to_host, const char *what)
{
	union address to = address_of(own_host(to_host), 0);
	ssize_t length = strlen(what);
	expect((plain ? sendto(fd, what, length, 0, &to.any, length_of(&to)) : send(fd, what, length, 0)) == length, "cannot send: %s", strerror(errno));
}

static void talk_raw(void)
{
	say(raw, 1, "raw words");
	gets(raw_end, "raw words", 9, 9);
	say(raw_end, 0, "and back");
	gets(raw, "and back", 8, 8);
	// An echo of its own: its filter lets the answer pass, and not the question.
	unsigned char ask[8] = { ICMP_ECHO, 0, 0xf7, 0xff, 0, 0, 0, 0 }, answer[2] = { ICMP_ECHOREPLY, 0 };
	union address self = address_of(own_host(0), 0);
	must(sendto(icmp, ask, sizeof(ask), 0, &self.any, length_of(&self)));
	gets(icmp, (char *)answer, sizeof(answer), sizeof(ask));
}

// A connection that was reset, which the program knows by now.
static int reset_connection(int listener)
{
	union address to = name_of(listener);
	int caller = tcp(AF_INET), taken;
	must(connect(caller, &to.any, length_of(&to)));
	expect(send(caller, "x", 1, 0) == 1, "cannot send: %s", strerror(errno)); // it is accepted once something has come
	struct pollfd ready = { .fd = listener, .events = POLLIN };
	while (poll(&ready, 1, 5000) < 0)
		expect(errno == EINTR, "poll: %s", strerror(errno));
	taken = must(accept(listener, NULL, NULL));
	must(setsockopt(taken, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger)));
	must(close(taken));
	int error = get(caller, SOL_SOCKET, SO_ERROR);
	expect(error == ECONNRESET, "it was not reset: %s", strerror(error));
	return caller;
}

static void look_at_over(void)
{
	char byte;
	struct pollfd now = { .fd = over, .events = POLLIN | POLLOUT | POLLRDHUP };
	must(poll(&now, 1, 0));
	expect(now.revents == (POLLIN | POLLOUT | POLLRDHUP | POLLHUP), "poll says %x of a connection that is over", now.revents);
	expect(recv(over, &byte, 1, MSG_DONTWAIT) == 0, "something comes from a connection that is over: %s", strerror(errno));
	expect(send(over, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE, "a connection that is over takes something: %s", strerror(errno));
	expect(getpeername(over, &(struct sockaddr){ 0 }, &(socklen_t){ sizeof(struct sockaddr) }) < 0 && errno == ENOTCONN, "it leads somewhere");
}

// One that listens, and that nobody has: it is on its way through a unix socket.
static void send_off(void)
{
	int fd = inet_bind(tcp(AF_INET), "127.0.0.1", 0);
	must(listen(fd, 2));
	carried = name_of(fd);
	must(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, carrier));
	char control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec word = { "fd", 2 };
	struct msghdr message = { .msg_iov = &word, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	*head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) };
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	must(sendmsg(carrier[0], &message, 0));
	must(close(fd));
}

static int take_off(void)
{
	char control[CMSG_SPACE(sizeof(int))], word[2];
	struct iovec room = { word, 2 };
	struct msghdr message = { .msg_iov = &room, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	must(recvmsg(carrier[1], &message, MSG_CMSG_CLOEXEC));
	int fd;
	expect(CMSG_FIRSTHDR(&message) && !memcmp(word, "fd", 2), "no descriptor comes along");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	union address here = name_of(fd);
	expect(!memcmp(&here, &carried, sizeof(here)), "what was carried is at port %d", port_of(&here));
	return fd;
}

static void talk(void)
{
	call_up(rich, "127.0.0.1");
	call_up(wild, "127.0.0.1");
	call_up(wild, "::1");
	if (!ordinary)
		talk_raw();
}

int main(void)
{
	target_start();
	plain = target_option("INETS_PLAIN");
	ordinary = target_option("INETS_USER");
	rich = tcp(AF_INET);
	options_of_tcp(rich);
	listens(inet_bind(rich, "127.0.0.1", 0), 9);
	six = must(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	set_kept(six, SOL_IPV6, IPV6_V6ONLY, 1);
	listens(inet_bind(six, "::1", 0), 3);
	wild = tcp(AF_INET6);
	set_kept(wild, SOL_IPV6, IPV6_V6ONLY, 0);
	listens(inet_bind(wild, "::", 0), 128);
	for (int at = 0, port = 0; at < GROUP; at++) {
		siblings[at] = tcp(AF_INET);
		set_kept(siblings[at], SOL_SOCKET, SO_REUSEPORT, 1);
		listens(inet_bind(siblings[at], "127.0.0.5", port), 4);
		union address here = name_of(siblings[at]);
		port = port_of(&here);
	}
	over = reset_connection(rich);
	fresh = keep_name(tcp(AF_INET6));
	set_kept(fresh, SOL_TCP, TCP_CORK, 1);
	bound = keep_name(inet_bind(tcp(AF_INET), "127.0.0.1", 0));
	for (int at = 0, port = 0; at < 2; at++) {
		shared[at] = tcp(AF_INET);
		set(shared[at], SOL_SOCKET, SO_REUSEADDR, 1);
		inet_bind(shared[at], "127.0.0.6", port);
		union address here = name_of(keep_name(shared[at]));
		port = port_of(&here);
	}
	must(listen(shared[1], 1));
	set_kept(shared[0], SOL_SOCKET, SO_REUSEADDR, 0);
	if (!plain) {
		portless = tcp(AF_INET);
		set_kept(portless, SOL_IP, NO_PORTS, 1);
		keep_name(inet_bind(portless, "127.0.0.7", 0));
	}
	if (!ordinary)
		start_raw();
	send_off();
	for (unsigned long tick = 1; !target_finishing();) {
		look_at_tcp();
		look_at_over();
		if (!ordinary)
			look_at_raw();
		if (!target_paused()) {
			// Where something is on its way at that moment a dump is refused: so it seldom is.
			if (tick % TALKS == 0)
				talk();
			target_tick(tick++);
		}
		rest(20);
	}
	talk();
	call_up(take_off(), "127.0.0.1");
	target_say("DONE\n");
	return 0;
}
