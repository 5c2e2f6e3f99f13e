// Netlink sockets: to the kernel, from program to program, with groups below and above 32, a filter, options, ports of their own choice and
// of the kernel's. A tick: all is as it was; each eighth, and in the end, the kernel answers, and what one sends the other gets.
// NETLINKS_PLAIN: without what CRIU does not keep.
#include "target.h"
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

enum { LEVEL = 270, TEXT = 40, TALKS = 8 };
static int routes, talker, listener, events, idle;
static uint32_t port;
static bool plain;

static int netlink(int type, int protocol) { return must(socket(AF_NETLINK, type, protocol)); }

static void name(int fd, uint32_t pid, uint32_t groups, bool leads)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_pid = pid, .nl_groups = groups };
	must((leads ? connect : bind)(fd, (struct sockaddr *)&address, sizeof(address)));
}

static void has_name(int fd, bool is_peer, uint32_t pid, uint32_t groups)
{
	struct sockaddr_nl it;
	must((is_peer ? getpeername : getsockname)(fd, (struct sockaddr *)&it, &(socklen_t){ sizeof(it) }));
	expect(it.nl_pid == pid && it.nl_groups == groups, "%s of %d is %u, groups %x", is_peer ? "the other end" : "the name", fd, it.nl_pid, it.nl_groups);
}

static void turn_on(int fd, int option)
{
	if (!plain)
		must(setsockopt(fd, LEVEL, option, &(int){ 1 }, sizeof(int)));
}

static int option(int fd, int level, int name)
{
	int value = -1;
	must(getsockopt(fd, level, name, &value, &(socklen_t){ sizeof(value) }));
	return value;
}

static void look(void)
{
	has_name(listener, false, port, 0);
	if (!plain)
		has_name(talker, true, port, 0);
	has_name(events, false, port + 1, 2);
	has_name(idle, false, 0, 0);
	expect(plain || option(listener, SOL_SOCKET, SO_TYPE) == SOCK_DGRAM && option(talker, SOL_SOCKET, SO_TYPE) == SOCK_RAW, "the types are others");
	expect(plain || (option(routes, LEVEL, NETLINK_EXT_ACK) == 1 && option(routes, LEVEL, NETLINK_CAP_ACK) == 0), "options are others");
	expect(plain || (option(routes, LEVEL, NETLINK_GET_STRICT_CHK) == 1 && option(events, LEVEL, NETLINK_NO_ENOBUFS) == 1), "options are others");
	expect(option(events, SOL_SOCKET, SO_RCVBUF) == 40960, "the buffer has another size");
	uint32_t groups[64] = { 0 };
	must(getsockopt(routes, LEVEL, NETLINK_LIST_MEMBERSHIPS, groups, &(socklen_t){ sizeof(groups) }));
	expect(plain || (groups[0] == 0 && groups[1] == 1 << (RTNLGRP_STATS - 33)), "it listens to %x %x", groups[0], groups[1]);
	socklen_t count = 0;
	must(getsockopt(events, SOL_SOCKET, SO_GET_FILTER, NULL, &count));
	expect(count == 1, "its filter has %u steps", count);
	expect(fcntl(idle, F_GETFL) == (O_RDWR | O_NONBLOCK), "the flags are others");
}

static void ask_kernel(uint32_t number)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg about;
	} question = { { sizeof(question), RTM_GETLINK, NLM_F_REQUEST, number, 0 }, { .ifi_index = 1 } };
	char answer[16384];
	must(send(routes, &question, sizeof(question), 0));
	ssize_t length = must(recv(routes, answer, sizeof(answer), 0));
	struct nlmsghdr *head = (struct nlmsghdr *)answer;
	expect(length > 0 && head->nlmsg_type == RTM_NEWLINK && head->nlmsg_seq == number, "the kernel answers %d to %u", head->nlmsg_type, number);
}

static void talk(uint32_t number)
{
	struct {
		struct nlmsghdr head;
		char text[TEXT];
	} message = { { sizeof(message), 0x1234, NLM_F_REQUEST, number, 0 }, "from program to program" }, got;
	must(send(talker, &message, sizeof(message), 0));
	expect(must(recv(listener, &got, sizeof(got), MSG_DONTWAIT)) == sizeof(got) && got.head.nlmsg_seq == number, "the other one gets nothing");
}

int main(void)
{
	target_start();
	plain = target_option("NETLINKS_PLAIN");
	port = 1000000 + 10 * getpid();
	routes = netlink(SOCK_RAW, NETLINK_ROUTE);
	turn_on(routes, NETLINK_EXT_ACK);
	turn_on(routes, NETLINK_GET_STRICT_CHK);
	if (!plain)
		must(setsockopt(routes, LEVEL, NETLINK_ADD_MEMBERSHIP, &(int){ RTNLGRP_STATS }, sizeof(int)));
	listener = netlink(plain ? SOCK_RAW : SOCK_DGRAM, NETLINK_USERSOCK);
	name(listener, port, 0, false);
	talker = netlink(SOCK_RAW, NETLINK_USERSOCK);
	name(talker, port, 0, true);
	events = netlink(SOCK_RAW, NETLINK_KOBJECT_UEVENT);
	name(events, port + 1, 2, false);
	// Nothing passes: else events of this machine might wait in it.
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	must(setsockopt(events, SOL_SOCKET, SO_ATTACH_FILTER, &(struct sock_fprog){ 1, &nothing }, sizeof(struct sock_fprog)));
	must(setsockopt(events, SOL_SOCKET, SO_RCVBUF, &(int){ 20480 }, sizeof(int)));
	turn_on(events, NETLINK_NO_ENOBUFS);
	idle = netlink(SOCK_RAW | SOCK_NONBLOCK, NETLINK_GENERIC);
	for (unsigned long tick = 1; !target_finishing();) {
		look();
		if (!target_paused()) {
			// Where something waits at that moment a dump is refused: so it seldom does.
			if (tick % TALKS == 0) {
				ask_kernel(tick);
				talk(tick);
			}
			target_tick(tick++);
		}
		rest(20);
	}
	ask_kernel(1);
	talk(1);
	target_say("DONE\n");
	return 0;
}
