// Packet sockets on the loopback device: raw and without link headers, with options, a filter, memberships, in a group, with rings of each
// version that are mapped and in use, and with rings that are not. A tick: all is as it was, what is sent comes, and each ring goes on where
// it was, with what waited in it. PACKETS_PLAIN: without what CRIU does not keep. PACKETS_LEFT: something waits in a queue. PACKETS_SENT: a ring
// of packets to be sent has been used. PACKETS_HALF: half of a ring is mapped. PACKETS_OLD: one of the obsolete type.
#include "target.h"
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum { FRAMES = 8, FRAME = 512, BLOCKS = 4, BLOCK = 16384, LAG = 3, SOON = 500, GROUP = 0x10010000 };
static int plain_socket, cooked, first, second, idle, unbound, sender, lo;
static uint16_t base;
static bool plain;
static uint32_t group;
static uint64_t sent, cooked_sent;

static int number_of(int fd, int level, int name)
{
	int value = -1;
	must(getsockopt(fd, level, name, &value, &(socklen_t){ sizeof(value) }));
	return value;
}

static void set(int fd, int level, int name, int value) { must(setsockopt(fd, level, name, &value, sizeof(value))); }

static int packet_socket(int type, uint16_t protocol)
{
	int fd = must(socket(AF_PACKET, type, 0));
	if (protocol) {
		struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = lo };
		must(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	}
	return fd;
}

static void send_number(uint16_t protocol, uint64_t number)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = lo, .sll_halen = 6 };
	must(sendto(sender, &number, sizeof(number), 0, (struct sockaddr *)&to, sizeof(to)));
}

static bool comes(int fd)
{
	struct pollfd it = { .fd = fd, .events = POLLIN };
	int answer;
	while ((answer = poll(&it, 1, SOON)) < 0 && errno == EINTR)
		;
	return must(answer) > 0;
}

// A packet on its way while the program is dumped is lost, as any may be: then it is sent once more, and may come twice.
static void converse(int fd, uint16_t protocol, size_t head, uint64_t number)
{
	char bytes[256];
	uint64_t got = 0;
	for (send_number(protocol, number); got != number;) {
		if (!comes(fd)) {
			send_number(protocol, number);
			continue;
		}
		ssize_t length = must(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT));
		expect(length >= (ssize_t)(head + sizeof(got)), "a packet of %zd bytes", length);
		memcpy(&got, bytes + head, sizeof(got));
		expect(got <= number, "%lu comes, and not %lu", got, number);
	}
}

// A ring of version 1 or 2, or of blocks. What comes is read as late as LAG frames, or one block, behind.
struct ring {
	int fd, version;
	uint16_t protocol;
	char *memory;
	uint64_t written, read, number, told;
	uint64_t numbers[FRAMES];
};

static struct ring rings[3];

static struct tpacket_req3 request(int version)
{
	if (version == TPACKET_V3)
		return (struct tpacket_req3){ .tp_block_size = BLOCK, .tp_block_nr = BLOCKS, .tp_frame_size = FRAME,
			.tp_frame_nr = BLOCK / FRAME * BLOCKS, .tp_retire_blk_tov = 5 };
	return (struct tpacket_req3){ .tp_block_size = 4096, .tp_block_nr = FRAMES * FRAME / 4096, .tp_frame_size = FRAME, .tp_frame_nr = FRAMES };
}

static void make_ring(struct ring *it, int version, uint16_t protocol)
{
	struct tpacket_req3 wanted = request(version);
	*it = (struct ring){ .fd = packet_socket(SOCK_RAW, 0), .version = version, .protocol = protocol };
	set(it->fd, SOL_PACKET, PACKET_VERSION, version);
	must(setsockopt(it->fd, SOL_PACKET, PACKET_RX_RING, &wanted, version == TPACKET_V3 ? sizeof(wanted) : sizeof(struct tpacket_req)));
	size_t length = (size_t)wanted.tp_block_size * wanted.tp_block_nr;
	it->memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, it->fd, 0);
	expect(it->memory != MAP_FAILED, "the ring cannot be mapped: %s", strerror(errno));
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = lo };
	must(bind(it->fd, (struct sockaddr *)&address, sizeof(address)));
}

static uint64_t status_of(struct ring *it, uint64_t frame)
{
	char *at = it->memory + frame % FRAMES * FRAME;
	return it->version == TPACKET_V1 ? __atomic_load_n(&((struct tpacket_hdr *)at)->tp_status, __ATOMIC_ACQUIRE)
		: __atomic_load_n(&((struct tpacket2_hdr *)at)->tp_status, __ATOMIC_ACQUIRE);
}

static uint64_t number_in(struct ring *it, uint64_t frame)
{
	char *at = it->memory + frame % FRAMES * FRAME;
	uint64_t number;
	int begins = it->version == TPACKET_V1 ? ((struct tpacket_hdr *)at)->tp_mac : ((struct tpacket2_hdr *)at)->tp_mac;
	memcpy(&number, at + begins + 14, sizeof(number));
	return number;
}

static void give_back(struct ring *it, uint64_t frame)
{
	char *at = it->memory + frame % FRAMES * FRAME;
	if (it->version == TPACKET_V1)
		__atomic_store_n(&((struct tpacket_hdr *)at)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	else
		__atomic_store_n(&((struct tpacket2_hdr *)at)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
}

// What waits is as it was, and the next frame is the kernel's.
static void look_at_frames(struct ring *it)
{
	for (uint64_t at = it->read; at < it->written; at++)
		expect(status_of(it, at) & TP_STATUS_USER && number_in(it, at) == it->numbers[at % FRAMES], "version %d: frame %lu has %lu (%lx), not %lu",
			it->version, at, number_in(it, at), status_of(it, at), it->numbers[at % FRAMES]);
}

static void read_frame(struct ring *it)
{
	look_at_frames(it);
	give_back(it, it->read++);
}

static void use_frames(struct ring *it)
{
	look_at_frames(it);
	uint64_t got = 0;
	it->number++;
	for (send_number(it->protocol, it->number); got != it->number;) {
		for (int waited = 0; status_of(it, it->written) == TP_STATUS_KERNEL; waited += 5) {
			if (waited >= SOON) {
				send_number(it->protocol, it->number);
				waited = 0;
			}
			rest(5);
		}
		got = number_in(it, it->written);
		expect(got == it->number || got == it->number - 1, "version %d: frame %lu has %lu, not %lu", it->version, it->written, got, it->number);
		it->numbers[it->written++ % FRAMES] = got;
		if (it->written - it->read > LAG)
			read_frame(it);
	}
}

static struct tpacket_block_desc *block_of(struct ring *it, uint64_t block)
{
	return (struct tpacket_block_desc *)(it->memory + block % BLOCKS * BLOCK);
}

static uint32_t block_status(struct ring *it, uint64_t block)
{
	return __atomic_load_n(&block_of(it, block)->hdr.bh1.block_status, __ATOMIC_ACQUIRE);
}

// The numbers in a block go on after those in the one before.
static void read_block(struct ring *it)
{
	struct tpacket_hdr_v1 *head = &block_of(it, it->read)->hdr.bh1;
	expect(head->num_pkts > 0, "block %lu has nothing", it->read);
	char *at = (char *)block_of(it, it->read) + head->offset_to_first_pkt;
	for (uint32_t which = 0; which < head->num_pkts; which++) {
		struct tpacket3_hdr *packet = (struct tpacket3_hdr *)at;
		uint64_t number;
		memcpy(&number, at + packet->tp_mac + 14, sizeof(number));
		expect(number == it->told || number == it->told + 1, "block %lu has %lu after %lu", it->read, number, it->told);
		it->told = number;
		at += packet->tp_next_offset;
	}
	__atomic_store_n(&head->block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	it->read++;
}

static void use_blocks(struct ring *it)
{
	expect(it->written == it->read || block_status(it, it->read) & TP_STATUS_USER, "block %lu does not wait any more", it->read);
	it->number++;
	send_number(it->protocol, it->number);
	for (int waited = 0; !(block_status(it, it->written) & TP_STATUS_USER); waited += 5) {
		if (waited >= SOON) {
			send_number(it->protocol, it->number);
			waited = 0;
		}
		rest(5);
	}
	it->written++;
	while (it->written - it->read > 1)
		read_block(it);
}

static void look(void)
{
	struct sockaddr_ll name;
	must(getsockname(plain_socket, (struct sockaddr *)&name, &(socklen_t){ sizeof(name) }));
	expect(ntohs(name.sll_protocol) == base && name.sll_ifindex == lo, "it is bound to %x of %d", ntohs(name.sll_protocol), name.sll_ifindex);
	must(getsockname(unbound, (struct sockaddr *)&name, &(socklen_t){ sizeof(name) }));
	expect(name.sll_protocol == 0 && name.sll_ifindex == 0, "what is not bound is bound to %x of %d", ntohs(name.sll_protocol), name.sll_ifindex);
	expect(number_of(plain_socket, SOL_PACKET, PACKET_AUXDATA) == 1 && number_of(plain_socket, SOL_PACKET, PACKET_ORIGDEV) == 1, "options are off");
	expect(number_of(cooked, SOL_PACKET, PACKET_AUXDATA) == 0 && number_of(cooked, SOL_PACKET, PACKET_TIMESTAMP) == 64, "options are others");
	expect(number_of(plain_socket, SOL_SOCKET, SO_RCVBUF) == 40960 && number_of(plain_socket, SOL_SOCKET, SO_PRIORITY) == 3, "numbers are others");
	expect(number_of(cooked, SOL_SOCKET, SO_TYPE) == SOCK_DGRAM && fcntl(cooked, F_GETFL) == (O_RDWR | O_NONBLOCK), "the type or the flags are others");
	expect(number_of(idle, SOL_PACKET, PACKET_VERSION) == TPACKET_V2 && number_of(idle, SOL_PACKET, PACKET_RESERVE) == 16, "rings are others");
	expect(number_of(idle, SOL_PACKET, PACKET_LOSS) == 1 && number_of(idle, SOL_PACKET, PACKET_VNET_HDR) == 0, "rings have other options");
	struct tpacket_req3 wanted = request(TPACKET_V2);
	expect(setsockopt(idle, SOL_PACKET, PACKET_RX_RING, &wanted, sizeof(struct tpacket_req)) < 0 && errno == EBUSY, "the first ring is gone");
	expect(setsockopt(idle, SOL_PACKET, PACKET_TX_RING, &wanted, sizeof(struct tpacket_req)) < 0 && errno == EBUSY, "the second ring is gone");
	expect((uint32_t)number_of(first, SOL_PACKET, PACKET_FANOUT) == group && (uint32_t)number_of(second, SOL_PACKET, PACKET_FANOUT) == group,
		"the group is %x", number_of(first, SOL_PACKET, PACKET_FANOUT));
	socklen_t count = 0;
	must(getsockopt(plain_socket, SOL_SOCKET, SO_GET_FILTER, NULL, &count));
	expect(count == 2, "the filter has %u steps", count);
	count = 0;
	must(getsockopt(cooked, SOL_SOCKET, SO_GET_FILTER, NULL, &count));
	expect(count == 0, "what had no filter has one of %u steps", count);
	if (plain)
		return;
	expect(number_of(plain_socket, SOL_PACKET, 23) == 1 && number_of(cooked, SOL_PACKET, 23) == 0, "PACKET_IGNORE_OUTGOING is another");
	expect(number_of(cooked, SOL_PACKET, PACKET_QDISC_BYPASS) == 1, "PACKET_QDISC_BYPASS is off");
	expect(number_of(plain_socket, SOL_SOCKET, SO_TIMESTAMPNS) == 1 && number_of(plain_socket, SOL_SOCKET, SO_LOCK_FILTER) == 1, "options are off");
}

static void membership(int option, int type, const char *address)
{
	struct packet_mreq wanted = { .mr_ifindex = lo, .mr_type = type, .mr_alen = address ? 6 : 0 };
	if (address)
		memcpy(wanted.mr_address, address, 6);
	must(setsockopt(plain_socket, SOL_PACKET, option, &wanted, sizeof(wanted)));
}

static void take_part(int option)
{
	membership(option, PACKET_MR_ALLMULTI, NULL);
	membership(option, PACKET_MR_MULTICAST, "\1\0\136\1\2\3");
}

// What cannot be brought back, or not all of it.
static void make_trouble(void)
{
	if (target_option("PACKETS_LEFT")) {
		packet_socket(SOCK_RAW, base + 6);
		send_number(base + 6, 1);
	}
	if (target_option("PACKETS_OLD"))
		must(socket(AF_PACKET, SOCK_PACKET, 0));
	struct tpacket_req3 wanted = request(TPACKET_V2);
	wanted.tp_block_nr = 2;
	wanted.tp_frame_nr *= 2;
	bool half = target_option("PACKETS_HALF");
	if (!half && !target_option("PACKETS_SENT"))
		return;
	int fd = packet_socket(SOCK_DGRAM, base + 6);
	set(fd, SOL_PACKET, PACKET_VERSION, TPACKET_V2);
	must(setsockopt(fd, SOL_PACKET, half ? PACKET_RX_RING : PACKET_TX_RING, &wanted, sizeof(struct tpacket_req)));
	char *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	expect(memory != MAP_FAILED, "the ring cannot be mapped: %s", strerror(errno));
	if (half) {
		must(munmap(memory + 4096, 4096));
		return;
	}
	struct tpacket2_hdr *frame = (struct tpacket2_hdr *)memory;
	frame->tp_len = 8;
	__atomic_store_n(&frame->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(base + 7), .sll_ifindex = lo, .sll_halen = 6 };
	must(sendto(fd, NULL, 0, 0, (struct sockaddr *)&to, sizeof(to)));
}

int main(void)
{
	target_start();
	plain = target_option("PACKETS_PLAIN");
	lo = must((int)if_nametoindex("lo"));
	base = 0x9000 + getpid() % 2000 * 8;
	sender = must(socket(AF_PACKET, SOCK_DGRAM, 0));
	plain_socket = packet_socket(SOCK_RAW, base);
	set(plain_socket, SOL_PACKET, PACKET_AUXDATA, 1);
	set(plain_socket, SOL_PACKET, PACKET_ORIGDEV, 1);
	set(plain_socket, SOL_SOCKET, SO_RCVBUF, 20480);
	set(plain_socket, SOL_SOCKET, SO_PRIORITY, 3);
	take_part(PACKET_ADD_MEMBERSHIP);
	// Loads the type of a packet, and lets it pass.
	struct sock_filter steps[] = { BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12), BPF_STMT(BPF_RET | BPF_K, 0xffff) };
	must(setsockopt(plain_socket, SOL_SOCKET, SO_ATTACH_FILTER, &(struct sock_fprog){ 2, steps }, sizeof(struct sock_fprog)));
	cooked = packet_socket(SOCK_DGRAM | SOCK_NONBLOCK, base + 1);
	set(cooked, SOL_PACKET, PACKET_TIMESTAMP, 64);
	if (!plain) {
		set(plain_socket, SOL_PACKET, 23, 1);
		set(cooked, SOL_PACKET, PACKET_QDISC_BYPASS, 1);
		set(plain_socket, SOL_SOCKET, SO_TIMESTAMPNS, 1);
		set(plain_socket, SOL_SOCKET, SO_LOCK_FILTER, 1);
	}
	first = packet_socket(SOCK_RAW, base + 2);
	second = packet_socket(SOCK_RAW, base + 2);
	// Turn by turn; and, which CRIU does not keep, the other one if one is full.
	group = (plain ? 0x10000 : GROUP) | (getpid() & 0xffff);
	set(first, SOL_PACKET, PACKET_FANOUT, group);
	set(second, SOL_PACKET, PACKET_FANOUT, group);
	idle = packet_socket(SOCK_RAW, 0);
	set(idle, SOL_PACKET, PACKET_VERSION, TPACKET_V2);
	set(idle, SOL_PACKET, PACKET_RESERVE, 16);
	set(idle, SOL_PACKET, PACKET_LOSS, 1);
	struct tpacket_req3 wanted = request(TPACKET_V2);
	must(setsockopt(idle, SOL_PACKET, PACKET_RX_RING, &wanted, sizeof(struct tpacket_req)));
	must(setsockopt(idle, SOL_PACKET, PACKET_TX_RING, &wanted, sizeof(struct tpacket_req)));
	unbound = packet_socket(SOCK_RAW, 0);
	for (int version = 0; !plain && version < 3; version++)
		make_ring(&rings[version], version, base + 3 + version);
	make_trouble();
	for (unsigned long tick = 1; !target_finishing();) {
		look();
		if (!target_paused()) {
			converse(plain_socket, base, 14, ++sent);
			converse(cooked, base + 1, 0, ++cooked_sent);
			if (!plain) {
				use_frames(&rings[0]);
				use_frames(&rings[1]);
				use_blocks(&rings[2]);
			}
			target_tick(tick++);
		}
		rest(20);
	}
	take_part(PACKET_DROP_MEMBERSHIP);
	target_say("DONE\n");
	return 0;
}
