// UDP and UDP-Lite sockets: of both families, mapped, connected, that share ports, at an address of no device, with options, multicast groups
// and datagrams that wait. A tick: addresses, options, groups and what waits are as they were, and what one sends the other gets.
// UDPS_PLAIN: without what CRIU does not keep. UDPS_USER: without what an ordinary user may not have.
#include "target.h"
#include <linux/filter.h>
#include "inet.h"

enum { GROUPS = 3, WAITING = 4 };
static bool plain, ordinary;
static int plain4, one, other, six, mapped, mapped_end, wild, wild_end, half, half_end, shy, shared[2], siblings[GROUPS], lite[2];
static int chosen, teller, waiting, speaker, waiting6, speaker6;

static int udp(int family) { return must(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)); }

// An accept-all filter.
static void filter(int fd)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, 0xffff);
	must(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &(struct sock_fprog){ 1, &all }, sizeof(struct sock_fprog)));
}

static void options4(int fd)
{
	if (!plain)
		set_kept(fd, SOL_IP, IP_UNICAST_IF, htonl(1)); // not possible once it is bound to a device
	set_kept(fd, SOL_IP, IP_TOS, 0x10);
	set_kept(fd, SOL_IP, IP_TTL, 33);
	set_kept(fd, SOL_IP, IP_PKTINFO, 1);
	set_kept(fd, SOL_IP, IP_FREEBIND, 1);
	set_kept(fd, SOL_SOCKET, SO_PRIORITY, 3);
	set_kept(fd, SOL_SOCKET, SO_BROADCAST, 1);
	set_kept(fd, SOL_SOCKET, SO_RCVBUF, 30000);
	set_kept(fd, SOL_SOCKET, SO_DONTROUTE, 1);
	keep(fd, SOL_SOCKET, SO_SNDBUF);
	keep(fd, SOL_SOCKET, SO_REUSEADDR);
	keep(fd, SOL_SOCKET, SO_REUSEPORT);
	keep(fd, SOL_SOCKET, BUF_LOCK);
	filter(fd);
	must(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	if (plain)
		return;
	set_kept(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
	set_kept(fd, SOL_IP, IP_RECVERR, 1);
	set_kept(fd, SOL_IP, IP_RECVTTL, 1);
	set_kept(fd, SOL_IP, IP_RECVTOS, 1);
	set_kept(fd, SOL_IP, IP_RECVORIGDSTADDR, 1);
	set_kept(fd, SOL_IP, IP_RECVOPTS, 1);
	set_kept(fd, SOL_IP, IP_MINTTL, 2);
	set_kept(fd, SOL_IP, IP_MULTICAST_TTL, 4);
	set_kept(fd, SOL_IP, IP_MULTICAST_LOOP, 0);
	set_kept(fd, SOL_IP, IP_MULTICAST_ALL, 0);
	must(setsockopt(fd, SOL_IP, IP_MULTICAST_IF, &(struct in_addr){ htonl(INADDR_LOOPBACK) }, sizeof(struct in_addr)));
	keep(fd, SOL_IP, IP_MULTICAST_IF);
	must(setsockopt(fd, SOL_IP, IP_OPTIONS, "\1\1\1\0", 4));
	set_kept(fd, SOL_SOCKET, SO_RCVLOWAT, 7);
	set_kept(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
	set_kept(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
	set_kept(fd, SOL_SOCKET, SO_NO_CHECK, 1);
	set_kept(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1);
	set_kept(fd, SOL_SOCKET, SO_LOCK_FILTER, 1);
	set_kept(fd, SOL_UDP, UDP_GRO, 1);
	set_kept(fd, SOL_UDP, UDP_SEGMENT, 1200);
	if (ordinary)
		return;
	set_kept(fd, SOL_SOCKET, SO_MARK, 77);
	set_kept(fd, SOL_IP, IP_TRANSPARENT, 1);
}

static void options6(int fd)
{
	set_kept(fd, SOL_IPV6, IPV6_V6ONLY, 1);
	set_kept(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1);
	set_kept(fd, SOL_IPV6, FREEBIND6, 1);
	if (plain)
		return;
	set_kept(fd, SOL_IPV6, IPV6_UNICAST_HOPS, 9);
	set_kept(fd, SOL_IPV6, IPV6_MULTICAST_HOPS, 3);
	set_kept(fd, SOL_IPV6, IPV6_MULTICAST_IF, 1);
	set_kept(fd, SOL_IPV6, IPV6_MULTICAST_LOOP, 0);
	set_kept(fd, SOL_IPV6, MCAST_ALL6, 0);
	set_kept(fd, SOL_IPV6, IPV6_TCLASS, 0x20);
	set_kept(fd, SOL_IPV6, IPV6_RECVTCLASS, 1);
	set_kept(fd, SOL_IPV6, IPV6_RECVHOPLIMIT, 1);
	set_kept(fd, SOL_IPV6, IPV6_RECVERR, 1);
	set_kept(fd, SOL_IPV6, ORIGDST6, 1);
	set_kept(fd, SOL_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO);
	set_kept(fd, SOL_IPV6, IPV6_DONTFRAG, 1);
	set_kept(fd, SOL_IPV6, IPV6_AUTOFLOWLABEL, 0);
	set_kept(fd, SOL_UDP, 101, 1); // UDP_NO_CHECK6_TX
	set_kept(fd, SOL_UDP, 102, 1);
}

static const char *group4 = "239.77.1.2", *group6 = "ff15::7712", *source4 = "127.0.0.9";

static void put(struct sockaddr_storage *to, const char *host)
{
	union address it = address_of(host, 0);
	memcpy(to, &it, length_of(&it));
}

static void join_groups(void)
{
	struct group_req all = { .gr_interface = 1 };
	put(&all.gr_group, group6);
	must(setsockopt(six, SOL_IPV6, MCAST_JOIN_GROUP, &all, sizeof(all)));
	put(&all.gr_group, group4);
	must(setsockopt(wild, SOL_IP, MCAST_JOIN_GROUP, &all, sizeof(all)));
	struct group_source_req from = { .gsr_interface = 1 };
	put(&from.gsr_group, group4);
	put(&from.gsr_source, source4);
	must(setsockopt(plain4, SOL_IP, JOIN_SOURCE, &from, sizeof(from)));
	must(setsockopt(wild, SOL_IP, MCAST_BLOCK_SOURCE, &from, sizeof(from)));
}

static void has_joined(int fd, int level, const char *group, unsigned mode, unsigned sources)
{
	struct {
		struct group_filter head;
		struct sockaddr_storage more[4];
	} it = { .head = { .gf_interface = 1, .gf_numsrc = 4 } };
	put(&it.head.gf_group, group);
	must(getsockopt(fd, level, MSFILTER, &it, &(socklen_t){ sizeof(it) }));
	expect(it.head.gf_fmode == mode && it.head.gf_numsrc == sources, "%d hears %u sources of %s in mode %u", fd, it.head.gf_numsrc, group, it.head.gf_fmode);
}

static void look_at_groups(void)
{
	has_joined(six, SOL_IPV6, group6, MCAST_EXCLUDE, 0);
	has_joined(wild, SOL_IP, group4, MCAST_EXCLUDE, 1);
	has_joined(plain4, SOL_IP, group4, MCAST_INCLUDE, 1);
}

// The first is empty: one that is empty and waits behind others a second dump cannot see. They have two sizes else.
static size_t content(char *to, int which)
{
	size_t length = which == 0 ? 0 : which == 3 ? 9000 : 20;
	for (size_t at = 0; at < length; at++)
		to[at] = pattern(which * 10000 + at);
	return length;
}

static void has_waiting(int fd, int from, int which, int flags)
{
	static char want[10000], got[10000];
	size_t length = content(want, which);
	union address sender = { 0 }, expected = name_of(from);
	ssize_t result = must(recvfrom(fd, got, sizeof(got), flags | MSG_DONTWAIT, &sender.any, &(socklen_t){ sizeof(sender) }));
	expect(result == (ssize_t)length && !memcmp(want, got, length), "datagram %d of %d has %zd bytes", which, fd, result);
	expect(!memcmp(&sender, &expected, sizeof(sender)), "datagram %d of %d comes from port %d", which, fd, port_of(&sender));
}

static void fill(int fd, int from)
{
	static char bytes[10000];
	union address to = name_of(fd);
	for (int which = 0; which < WAITING; which++) {
		size_t length = content(bytes, which);
		expect(sendto(from, bytes, length, 0, &to.any, length_of(&to)) == (ssize_t)length, "cannot send: %s", strerror(errno));
	}
}

static void start_waiting(void)
{
	waiting = keep_name(inet_bind(udp(AF_INET), "127.0.0.1", 0));
	speaker = keep_name(inet_bind(udp(AF_INET), "127.0.0.2", 0));
	waiting6 = keep_name(inet_bind(udp(AF_INET6), "::1", 0));
	speaker6 = keep_name(inet_bind(udp(AF_INET6), "::1", 0));
	fill(waiting, speaker);
	fill(waiting6, speaker6);
	// It hears the speaker no more, and has what it heard before.
	lead(waiting, plain4);
	kept_names[named_count - 4].leads = true;
	kept_names[named_count - 4].there = name_of(plain4);
}

// One of several who share a port has got it, and keeps it.
static void tell_siblings(void)
{
	union address to = name_of(siblings[0]);
	char byte;
	teller = keep_name(inet_bind(udp(AF_INET), "127.0.0.8", 0));
	expect(sendto(teller, "s", 1, 0, &to.any, length_of(&to)) == 1, "cannot send: %s", strerror(errno));
	for (chosen = 0; chosen < GROUPS && recv(siblings[chosen], &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0;)
		chosen++;
	expect(chosen < GROUPS, "none of them has it");
}

static void look_at_siblings(int flags)
{
	for (int at = 0; at < GROUPS; at++) {
		union address sender = { 0 }, expected = name_of(teller);
		char byte = 0;
		ssize_t length = recvfrom(siblings[at], &byte, 1, flags | MSG_DONTWAIT, &sender.any, &(socklen_t){ sizeof(sender) });
		expect((length == 1) == (at == chosen), "sibling %d has %zd bytes, and %d had them", at, length, chosen);
		expect(at != chosen || (byte == 's' && !memcmp(&sender, &expected, sizeof(sender))), "the sibling has %c from port %d", byte, port_of(&sender));
	}
}

static void sends(int from, int to, const char *what)
{
	char got[16] = "";
	errno = 0;
	expect(send(from, what, strlen(what), 0) == (ssize_t)strlen(what), "%d cannot send: %s", from, strerror(errno));
	ssize_t length = recv(to, got, sizeof(got) - 1, MSG_DONTWAIT);
	expect(length == (ssize_t)strlen(what) && !strcmp(got, what), "%d gets %zd bytes of %s: %s", to, length, what, strerror(errno));
}

static void look(void)
{
	look_at_options();
	look_at_names();
	char device[16] = "";
	must(getsockopt(plain4, SOL_SOCKET, SO_BINDTODEVICE, device, &(socklen_t){ sizeof(device) }));
	expect(!strcmp(device, "lo"), "its device is %s", device);
	socklen_t steps = 0;
	must(getsockopt(plain4, SOL_SOCKET, SO_GET_FILTER, NULL, &steps));
	expect(steps == 1, "its filter has %u steps", steps);
	char byte;
	ssize_t sent = send(half, "x", 1, MSG_NOSIGNAL);
	expect(sent < 0 && errno == EPIPE, "the half that was shut sends %zd: %s", sent, strerror(errno));
	if (plain)
		return;
	expect(recv(half_end, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN, "something has come out of nothing");
	look_at_groups();
	look_at_siblings(MSG_PEEK);
	has_waiting(waiting, speaker, 0, MSG_PEEK);
	has_waiting(waiting6, speaker6, 0, MSG_PEEK);
	socklen_t length = 40;
	char options[40];
	must(getsockopt(plain4, SOL_IP, IP_OPTIONS, options, &length));
	expect(length == 4 && !memcmp(options, "\1\1\1\0", 4), "its packets have %u bytes of options", length);
}

static void talk(void)
{
	sends(one, other, "there");
	sends(other, one, "back");
	sends(mapped, mapped_end, "mapped");
	sends(mapped_end, mapped, "again");
	sends(wild_end, wild, "wild");
	if (lite[0] >= 0)
		sends(lite[0], lite[1], "lite");
}

int main(void)
{
	target_start();
	plain = target_option("UDPS_PLAIN");
	ordinary = target_option("UDPS_USER");
	plain4 = udp(AF_INET);
	options4(plain4);
	keep_name(inet_bind(plain4, "127.0.0.3", 0));
	if (!plain)
		set_kept(plain4, SOL_IP, BIND_NO_PORT, 1);
	one = inet_bind(udp(AF_INET), "127.0.0.1", 0);
	other = inet_bind(udp(AF_INET), "127.0.0.1", 0);
	lead(one, other);
	lead(other, one);
	keep_name(one);
	keep_name(other);
	six = udp(AF_INET6);
	options6(six);
	keep_name(inet_bind(six, "::1", 0));
	mapped = inet_bind(udp(AF_INET6), "::ffff:127.0.0.1", 0);
	mapped_end = inet_bind(udp(AF_INET6), "::ffff:127.0.0.1", 0);
	lead(mapped, mapped_end);
	lead(mapped_end, mapped);
	keep_name(mapped);
	keep_name(mapped_end);
	wild = inet_bind(udp(AF_INET6), "::", 0);
	keep_name(wild);
	union address at_wild = name_of(wild);
	wild_end = udp(AF_INET);
	union address to_wild = address_of("127.0.0.1", port_of(&at_wild));
	must(connect(wild_end, &to_wild.any, length_of(&to_wild)));
	keep_name(wild_end);
	half = inet_bind(udp(AF_INET), "127.0.0.1", 0);
	half_end = inet_bind(udp(AF_INET), "127.0.0.1", 0);
	lead(half, half_end);
	must(shutdown(half, SHUT_WR));
	keep_name(half);
	keep_name(half_end);
	shy = udp(AF_INET6);
	keep_name(shy);
	// One does not let others have its port any more.
	for (int at = 0, port = 0; at < 2; at++) {
		shared[at] = udp(AF_INET);
		set(shared[at], SOL_SOCKET, SO_REUSEADDR, 1);
		inet_bind(shared[at], "127.0.0.4", port);
		union address here = name_of(keep_name(shared[at]));
		port = port_of(&here);
	}
	set_kept(shared[1], SOL_SOCKET, SO_REUSEADDR, 0);
	keep(shared[0], SOL_SOCKET, SO_REUSEADDR);
	for (int at = 0, port = 0; at < GROUPS; at++) {
		siblings[at] = udp(AF_INET);
		set_kept(siblings[at], SOL_SOCKET, SO_REUSEPORT, 1);
		inet_bind(siblings[at], "127.0.0.5", port);
		union address here = name_of(keep_name(siblings[at]));
		port = port_of(&here);
	}
	// An address of no device: it was allowed once.
	int stray = udp(AF_INET6);
	set(stray, SOL_IPV6, FREEBIND6, 1);
	keep_name(inet_bind(stray, "2001:db8::77", 0));
	if (!plain)
		set(stray, SOL_IPV6, FREEBIND6, 0);
	keep(stray, SOL_IPV6, FREEBIND6);
	for (int at = 0; at < 2; at++)
		lite[at] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, UDP_LITE);
	if (lite[0] >= 0) {
		for (int at = 0; at < 2; at++)
			inet_bind(lite[at], "127.0.0.1", 0);
		lead(lite[0], lite[1]);
		keep_name(lite[0]);
		keep_name(lite[1]);
		if (!plain) {
			set_kept(lite[0], UDP_LITE, 10, 12);
			set_kept(lite[1], UDP_LITE, 11, 10);
		}
	}
	if (!plain) {
		join_groups();
		tell_siblings();
		start_waiting();
	}
	for (unsigned long tick = 1; !target_finishing();) {
		look();
		if (!target_paused()) {
			// CRIU loses what waits at that moment.
			if (!plain || tick % 8 == 0)
				talk();
			target_tick(tick++);
		}
		rest(20);
	}
	talk();
	if (!plain)
		look_at_siblings(0);
	if (!plain)
		for (int which = 0; which < WAITING; which++) {
			has_waiting(waiting, speaker, which, 0);
			has_waiting(waiting6, speaker6, which, 0);
		}
	target_say("DONE\n");
	return 0;
}
