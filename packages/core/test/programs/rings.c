// Rings of io_uring, by bare system calls: a small one with a list of indexes and three maps, whose positions the program counts itself; a
// larger one as libuv makes them, without the list; and one in which something waits on both sides the whole time. A tick: each does
// nothing, reads a file and waits for a pipe; what an epoll sees of it is right.
// RINGS_TIMEOUT: an operation is in flight. RINGS_MULTISHOT: one had more completions than one. RINGS_UNUSED: there is one more ring, which was
// never used. RINGS_CLOSED: there is one more, whose descriptor is closed. RINGS_CHILD: a child has all of them. RINGS_EVENTFD, RINGS_SINGLE, RINGS_FILES, RINGS_REGISTERED, RINGS_BUFFERS, RINGS_THREAD: one has
// what cannot be dumped. RINGS_LIMIT: what is registered is more than the
// user may lock, and that is refused each time. RINGS_WORKER: a thread of the kernel has worked for one just before.
#include "target.h"
#include <linux/io_uring.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <poll.h>

#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1U << 16)
#endif

struct ring {
	const char *name;
	unsigned entries, flags;
	int fd;
	struct io_uring_params params;
	void *queues, *completions;
	struct io_uring_sqe *sqes;
	unsigned made, taken; // positions that the program keeps: submissions, completions
};

enum { SMALL, LARGE, WAITING, RINGS };
static struct ring rings[RINGS] = {
	[SMALL] = { .name = "small", .entries = 8 },
	[LARGE] = { .name = "large", .entries = 64, .flags = IORING_SETUP_NO_SQARRAY },
	[WAITING] = { .name = "waiting", .entries = 4 },
};

static int file, ends[2], epoll;
static const char content[] = "what the file holds";

static unsigned *place(void *queues, unsigned offset)
{
	return (unsigned *)((char *)queues + offset);
}

static void *map(struct ring *ring, size_t length, off_t part)
{
	void *at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, part);
	expect(at != MAP_FAILED, "%s: mmap: %s", ring->name, strerror(errno));
	return at;
}

static void make(struct ring *ring)
{
	ring->params.flags = ring->flags;
	ring->params.sq_thread_idle = 100;
	ring->fd = syscall(SYS_io_uring_setup, ring->entries, &ring->params);
	if (ring->fd < 0 && ring->flags == IORING_SETUP_NO_SQARRAY) { // before Linux 6.6
		ring->flags = ring->params.flags = 0;
		ring->fd = must(syscall(SYS_io_uring_setup, ring->entries, &ring->params));
	}
	must(ring->fd);
	struct io_uring_params *is = &ring->params;
	size_t completions = is->cq_off.cqes + is->cq_entries * sizeof(struct io_uring_cqe);
	size_t all = completions + is->sq_entries * sizeof(unsigned);
	ring->queues = ring->completions = map(ring, all, IORING_OFF_SQ_RING);
	if (ring == &rings[SMALL])
		ring->completions = map(ring, completions, IORING_OFF_CQ_RING);
	ring->sqes = map(ring, is->sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	if (!(ring->flags & IORING_SETUP_NO_SQARRAY))
		for (unsigned i = 0; i < is->sq_entries; i++)
			place(ring->queues, is->sq_off.array)[i] = i;
}

static struct io_uring_sqe *prepare(struct ring *ring, int opcode, int fd, uint64_t data)
{
	struct io_uring_sqe *sqe = &ring->sqes[ring->made++ & (ring->params.sq_entries - 1)];
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = opcode;
	sqe->fd = fd;
	sqe->user_data = data;
	__atomic_store_n(place(ring->queues, ring->params.sq_off.tail), ring->made, __ATOMIC_RELEASE);
	return sqe;
}

static void submit(struct ring *ring, unsigned count, unsigned wait)
{
	long taken = must(syscall(SYS_io_uring_enter, ring->fd, count, wait, IORING_ENTER_GETEVENTS, NULL, 0));
	expect(taken == count, "%s: %ld of %u submissions were taken", ring->name, taken, count);
}

static int take_any(struct ring *ring)
{
	struct io_uring_params *is = &ring->params;
	struct io_uring_cqe *all = (void *)place(ring->completions, is->cq_off.cqes);
	int result = all[ring->taken++ & (is->cq_entries - 1)].res;
	__atomic_store_n(place(ring->completions, is->cq_off.head), ring->taken, __ATOMIC_RELEASE);
	return result;
}

static int take(struct ring *ring, uint64_t data)
{
	struct io_uring_params *is = &ring->params;
	unsigned tail = __atomic_load_n(place(ring->completions, is->cq_off.tail), __ATOMIC_ACQUIRE);
	expect(tail - ring->taken >= 1, "%s: nothing was completed after %u", ring->name, ring->taken);
	struct io_uring_cqe *all = (void *)place(ring->completions, is->cq_off.cqes);
	struct io_uring_cqe *cqe = &all[ring->taken++ & (is->cq_entries - 1)];
	expect(cqe->user_data == data, "%s: completion %u is of %lx and not of %lx", ring->name, ring->taken - 1, (long)cqe->user_data, (long)data);
	ring->taken--;
	return take_any(ring);
}

static void check_positions(struct ring *ring, unsigned unsubmitted, unsigned untaken)
{
	struct io_uring_params *is = &ring->params;
	unsigned sq_head = *place(ring->queues, is->sq_off.head), sq_tail = *place(ring->queues, is->sq_off.tail);
	unsigned cq_head = *place(ring->completions, is->cq_off.head), cq_tail = *place(ring->completions, is->cq_off.tail);
	expect(sq_tail == ring->made && sq_head == ring->made - unsubmitted, "%s: submissions are at %u to %u, not at %u", ring->name, sq_head,
	       sq_tail, ring->made);
	expect(cq_head == ring->taken && cq_tail == ring->taken + untaken, "%s: completions are at %u to %u, not at %u", ring->name, cq_head,
	       cq_tail, ring->taken);
	expect(*place(ring->queues, is->sq_off.dropped) == 0 && *place(ring->completions, is->cq_off.overflow) == 0, "%s: something was lost",
	       ring->name);
}

static bool seen_by_epoll(struct ring *ring)
{
	struct epoll_event events[RINGS];
	int count = must(epoll_wait(epoll, events, RINGS, 0));
	for (int i = 0; i < count; i++)
		if (events[i].data.ptr == ring)
			return true;
	return false;
}

static void work(struct ring *ring, unsigned long tick)
{
	char read[sizeof(content)] = "";
	uint64_t data = pattern(tick);
	prepare(ring, IORING_OP_NOP, -1, data);
	struct io_uring_sqe *sqe = prepare(ring, IORING_OP_READ, file, data + 1);
	sqe->addr = (uintptr_t)read;
	sqe->len = sizeof(read);
	prepare(ring, IORING_OP_POLL_ADD, ends[0], data + 2)->poll32_events = POLLIN;
	expect(!seen_by_epoll(ring), "%s: an epoll sees completions, and there are none", ring->name);
	submit(ring, 3, 3);
	expect(seen_by_epoll(ring), "%s: an epoll does not see its completions", ring->name);
	expect(take(ring, data) == 0, "%s: nothing was not done", ring->name);
	expect(take(ring, data + 1) == sizeof(content) && memcmp(read, content, sizeof(content)) == 0, "%s: it read '%s'", ring->name, read);
	expect(take(ring, data + 2) & POLLIN, "%s: the pipe is not readable", ring->name);
	check_positions(ring, 0, 0);
}

// One completion is never taken before the end, and one submission never made.
static void wait_on_both_sides(struct ring *ring)
{
	prepare(ring, IORING_OP_NOP, -1, 77);
	submit(ring, 1, 0);
	prepare(ring, IORING_OP_NOP, -1, 78);
}

static void stop_waiting(struct ring *ring)
{
	submit(ring, 1, 0);
	expect(take(ring, 77) == 0 && take(ring, 78) == 0, "what waited did not come");
	check_positions(ring, 0, 0);
}

// Whose limit counts is decided when the ring is made.
static void lock_too_much(struct ring *ring)
{
	static char much[2 << 20] __attribute__((aligned(4096)));
	struct iovec one = { much, sizeof(much) };
	long result = syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_BUFFERS, &one, 1);
	expect(result == -1 && errno == ENOMEM, "%s: more was registered than may be locked (%ld, %s)", ring->name, result, strerror(errno));
}

static void have_what_is_refused(struct ring *ring)
{
	static struct __kernel_timespec long_time = { .tv_sec = 1000000 };
	static struct io_uring_rsrc_update update;
	if (target_option("RINGS_TIMEOUT")) {
		struct io_uring_sqe *sqe = prepare(ring, IORING_OP_TIMEOUT, -1, 99);
		sqe->addr = (uintptr_t)&long_time;
		sqe->len = 1;
		submit(ring, 1, 0);
	}
	if (target_option("RINGS_MULTISHOT")) {
		struct io_uring_sqe *sqe = prepare(ring, IORING_OP_POLL_ADD, ends[0], 95);
		sqe->poll32_events = POLLIN;
		sqe->len = IORING_POLL_ADD_MULTI;
		submit(ring, 1, 1);
		expect(take(ring, 95) & POLLIN, "the pipe is not readable");
		prepare(ring, IORING_OP_POLL_REMOVE, -1, 96)->addr = 95;
		submit(ring, 1, 2);
		int results[] = { take_any(ring), take_any(ring) };
		expect(results[0] == -ECANCELED || results[1] == -ECANCELED, "a poll did not end");
	}
	if (target_option("RINGS_UNUSED")) {
		static struct ring unused = { .name = "unused", .entries = 4, .flags = IORING_SETUP_NO_SQARRAY };
		make(&unused);
	}
	if (target_option("RINGS_CLOSED")) {
		static struct ring closed = { .name = "closed", .entries = 4 };
		make(&closed);
		must(close(closed.fd));
	}
	if (target_option("RINGS_CHILD") && must(fork()) == 0) {
		must(prctl(PR_SET_PDEATHSIG, SIGKILL));
		for (;;)
			pause();
	}
	if (target_option("RINGS_EVENTFD")) {
		int counter = must(eventfd(0, 0));
		must(syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_EVENTFD, &counter, 1));
	}
	if (target_option("RINGS_FILES"))
		must(syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_FILES, &file, 1));
	if (target_option("RINGS_REGISTERED")) {
		update.offset = 3;
		update.data = ring->fd;
		must(syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_RING_FDS, &update, 1));
	}
	if (target_option("RINGS_BUFFERS")) {
		static char buffers[4][64];
		struct io_uring_sqe *sqe = prepare(ring, IORING_OP_PROVIDE_BUFFERS, 4, 98);
		sqe->addr = (uintptr_t)buffers;
		sqe->len = sizeof(*buffers);
		sqe->buf_group = 40000;
		submit(ring, 1, 1);
		expect(take(ring, 98) >= 0, "buffers were not provided");
	}
	if (target_option("RINGS_WORKER")) {
		char read[4];
		struct io_uring_sqe *sqe = prepare(ring, IORING_OP_READ, file, 97);
		sqe->addr = (uintptr_t)read;
		sqe->len = sizeof(read);
		sqe->flags = IOSQE_ASYNC;
		submit(ring, 1, 1);
		expect(take(ring, 97) == sizeof(read), "a worker did not read");
	}
}

int main(void)
{
	target_start();
	file = must(open("file", O_RDWR | O_CREAT, 0644));
	must(write(file, content, sizeof(content)));
	must(pipe(ends));
	must(write(ends[1], "x", 1));
	epoll = must(epoll_create1(0));
	if (target_option("RINGS_SINGLE"))
		rings[LARGE].flags |= IORING_SETUP_SINGLE_ISSUER;
	if (target_option("RINGS_THREAD"))
		rings[LARGE].flags = IORING_SETUP_SQPOLL;
	for (int i = 0; i < RINGS; i++) {
		make(&rings[i]);
		must(epoll_ctl(epoll, EPOLL_CTL_ADD, rings[i].fd, &(struct epoll_event){ EPOLLIN, { .ptr = &rings[i] } }));
	}
	// Each has made more operations than it has room for.
	for (int i = 0; i < RINGS; i++)
		for (int round = 0; round < 64 && !(rings[i].flags & IORING_SETUP_SQPOLL); round++)
			work(&rings[i], round);
	have_what_is_refused(&rings[LARGE]);
	wait_on_both_sides(&rings[WAITING]);
	bool plain = !target_option("RINGS_TIMEOUT") && !target_option("RINGS_THREAD") && !target_option("RINGS_MULTISHOT");
	bool limited = target_option("RINGS_LIMIT");
	if (limited)
		must(setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ 1 << 20, 1 << 20 }));
	unsigned long ticks = 0;
	while (!target_finishing()) {
		check_positions(&rings[WAITING], 1, 1);
		expect(seen_by_epoll(&rings[WAITING]), "an epoll does not see what waits");
		if (!target_paused()) {
			ticks++;
			work(&rings[SMALL], ticks);
			if (plain)
				work(&rings[LARGE], ticks);
			if (limited)
				lock_too_much(&rings[SMALL]);
			target_tick(ticks);
		}
		rest(2);
	}
	stop_waiting(&rings[WAITING]);
	target_say("DONE\n");
	return 0;
}
