// Contexts of AIO (io_setup), by bare system calls: one that was never used; a small one, read by io_getevents, that tells an eventfd; a
// large one, read in its memory as libaio does; one in which events wait the whole time, beyond its end and before it; and one that a thread
// waits at. A tick: each does something and is where the program knows it to be.
// AIOS_FLIGHT: a request is in flight for ever. AIOS_CHILD: a child has all of their memory. AIOS_PLAIN: no thread. AIOS_MANY: that many
// contexts more. AIOS_TIMED: a larger one has requests that end at their time, also while nobody runs. AIOS_FILTER: a seccomp filter that fails
// the call with this number, and allows all others. AIOS_LIMIT: it may open nothing more. AIOS_PROTECTED: the memory of one may not be written.
#include "target.h"
#include <linux/aio_abi.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

struct memory {
	unsigned id, nr, head, tail, magic, compat_features, incompat_features, header_length;
	struct io_event events[];
};

struct context {
	const char *name;
	unsigned requests;
	aio_context_t id;
	unsigned long made, taken; // positions that the program keeps
	unsigned nr;
};

enum { UNUSED, SMALL, LARGE, WAITING, WAITED, CONTEXTS };
static struct context contexts[CONTEXTS] = {
	[UNUSED] = { .name = "unused", .requests = 32 },
	[SMALL] = { .name = "small", .requests = 1 },
	[LARGE] = { .name = "large", .requests = 1000 },
	[WAITING] = { .name = "waiting", .requests = 100 },
	[WAITED] = { .name = "waited for", .requests = 64 },
};

static int file, told, ready, ends[2];
static const char content[] = "what the file holds";

static struct memory *memory(struct context *context)
{
	return (void *)context->id;
}

static void make(struct context *context)
{
	must(syscall(SYS_io_setup, context->requests, &context->id));
	context->nr = memory(context)->nr;
}

static void check(struct context *context)
{
	struct memory *ring = memory(context);
	expect(ring->magic == 0xa10a10a1 && ring->nr == context->nr && ring->header_length == sizeof(*ring), "%s: its head is damaged", context->name);
	expect(ring->head == context->taken % context->nr && ring->tail == context->made % context->nr, "%s: it is at %u to %u, not at %lu to %lu",
	       context->name, ring->head, ring->tail, context->taken % context->nr, context->made % context->nr);
}

static void submit(struct context *context, struct iocb *request)
{
	struct iocb *list[] = { request };
	long made = must(syscall(SYS_io_submit, context->id, 1L, list));
	expect(made == 1, "%s: %ld requests were taken", context->name, made);
}

// Ends at once.
static void submit_poll(struct context *context, uint64_t data)
{
	struct iocb request = { .aio_lio_opcode = IOCB_CMD_POLL, .aio_fildes = ready, .aio_buf = POLLIN, .aio_data = data };
	submit(context, &request);
	context->made++;
}

static void is(struct context *context, const struct io_event *event, uint64_t data, long result)
{
	expect(event->data == data && event->res == result, "%s: event %lu is %llx with %lld, not %lx with %ld", context->name, context->taken,
	       event->data, event->res, (long)data, result);
	context->taken++;
}

static void get(struct context *context, uint64_t data, long result)
{
	struct io_event event = { 0 };
	long count;
	do
		count = syscall(SYS_io_getevents, context->id, 1L, 1L, &event, NULL);
	while (count < 0 && errno == EINTR);
	expect(count == 1, "%s: %ld events: %s", context->name, count, strerror(errno));
	is(context, &event, data, result);
}

// As libaio does it, without a system call.
static void get_in_memory(struct context *context, uint64_t data, long result)
{
	struct memory *ring = memory(context);
	unsigned head = ring->head;
	expect(head != __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE), "%s: no event", context->name);
	struct io_event event = ring->events[head];
	__atomic_store_n(&ring->head, (head + 1) % ring->nr, __ATOMIC_RELEASE);
	is(context, &event, data, result);
}

static void read_file(struct context *context, uint64_t data, char *into, bool tell)
{
	struct iocb request = { .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = file, .aio_buf = (uintptr_t)into, .aio_nbytes = sizeof(content), .aio_data = data };
	if (tell) {
		request.aio_flags = IOCB_FLAG_RESFD;
		request.aio_resfd = told;
	}
	submit(context, &request);
	context->made++;
}

static void *waiter(void *unused)
{
	for (;;) {
		struct io_event event = { 0 };
		long count = syscall(SYS_io_getevents, contexts[WAITED].id, 1L, 1L, &event, NULL);
		if (count < 0 && errno == EINTR)
			continue;
		expect(count == 1, "waited for: %ld events: %s", count, strerror(errno));
		must(write(ends[1], &event, sizeof(event)));
	}
	return unused;
}

static void work(unsigned long tick, bool threads)
{
	char buffer[sizeof(content)] = "";
	uint64_t data = pattern(tick), count;

	read_file(&contexts[SMALL], data, buffer, true);
	expect(must(read(told, &count, sizeof(count))) == sizeof(count) && count == 1, "small: its eventfd counts %lu", (long)count);
	get(&contexts[SMALL], data, sizeof(content));
	expect(memcmp(buffer, content, sizeof(content)) == 0, "small: it read '%s'", buffer);

	for (int i = 0; i < 5; i++)
		submit_poll(&contexts[LARGE], data + i);
	for (int i = 0; i < 5; i++)
		get_in_memory(&contexts[LARGE], data + i, POLLIN);

	struct context *waiting = &contexts[WAITING];
	submit_poll(waiting, pattern(waiting->made));
	get(waiting, pattern(waiting->taken), POLLIN);

	if (threads) {
		struct io_event event = { 0 };
		submit_poll(&contexts[WAITED], data);
		expect(must(read(ends[0], &event, sizeof(event))) == sizeof(event), "waited for: a part of an event");
		is(&contexts[WAITED], &event, data, POLLIN);
	}
	for (int i = 0; i < CONTEXTS; i++)
		check(&contexts[i]);
}

// Some wait for timers, and some events lie before theirs.
#define TIMERS 8
static struct context timed = { .name = "timed", .requests = 20000 };
static int timers[TIMERS];

static void wait_for_timers(unsigned long tick)
{
	unsigned early = pattern(tick) % 4, seen = 0;
	for (unsigned i = 0; i < early; i++)
		submit_poll(&timed, pattern(timed.made));
	for (unsigned i = 0; i < TIMERS; i++) {
		struct itimerspec time = { .it_value.tv_nsec = 1 + pattern(tick * TIMERS + i) % 150000000 };
		must(timerfd_settime(timers[i], 0, &time, NULL));
		struct iocb request = { .aio_lio_opcode = IOCB_CMD_POLL, .aio_fildes = timers[i], .aio_buf = POLLIN, .aio_data = i };
		submit(&timed, &request);
	}
	// The head as it is kept here: what is not read lies there.
	expect(memory(&timed)->head == timed.taken % timed.nr, "timed: its head is at %u", memory(&timed)->head);
	struct io_event events[TIMERS + 4];
	unsigned count = 0;
	while (count < early + TIMERS) {
		long more = syscall(SYS_io_getevents, timed.id, 1L, (long)(early + TIMERS - count), events + count, NULL);
		expect(more > 0 || errno == EINTR, "timed: %s", strerror(errno));
		count += more > 0 ? more : 0;
	}
	for (unsigned i = 0; i < early; i++)
		is(&timed, &events[i], pattern(timed.taken), POLLIN);
	for (unsigned i = early; i < count; i++) {
		expect(events[i].data < TIMERS && events[i].res == POLLIN, "timed: event %u is %llx", i, events[i].data);
		seen |= 1 << events[i].data;
	}
	expect(seen == (1 << TIMERS) - 1, "timed: events of %x", seen);
	timed.made += TIMERS;
	timed.taken += TIMERS;
	check(&timed);
}

// A whole round that leaves no place out: more would mean that one is lost, or one too many is there.
static void fill(struct context *context)
{
	struct iocb request = { .aio_lio_opcode = IOCB_CMD_POLL, .aio_fildes = ready, .aio_buf = POLLIN, .aio_data = 7 };
	struct iocb *list[] = { &request };
	unsigned long waited = context->made - context->taken, fits = waited;
	while (syscall(SYS_io_submit, context->id, 1L, list) == 1)
		fits++;
	expect(errno == EAGAIN, "%s: %s", context->name, strerror(errno));
	expect(fits < context->nr && fits >= context->requests, "%s: %lu events fit into %u places", context->name, fits, context->nr);
	context->made += fits - waited;
	check(context);
	for (; waited > 0; waited--)
		get(context, pattern(context->taken), POLLIN);
	while (context->taken < context->made)
		get(context, 7, POLLIN);
	check(context);
}

static void filter(unsigned call)
{
	struct sock_filter lines[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 4, .filter = lines };
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

int main(void)
{
	target_start();
	file = must(open(target_path("held"), O_RDWR | O_CREAT, 0644));
	must(write(file, content, sizeof(content)));
	told = must(eventfd(0, 0));
	ready = must(eventfd(1, 0));
	must(pipe(ends));
	for (int i = 0; i < CONTEXTS; i++)
		make(&contexts[i]);
	for (int i = 0; i < atoi(target_option("AIOS_MANY") ?: "0"); i++) {
		struct context more = { .name = "more", .requests = 1 };
		make(&more);
	}
	// Three wait, two of them behind its end.
	struct context *waiting = &contexts[WAITING];
	while (waiting->made < waiting->nr - 1) {
		submit_poll(waiting, pattern(waiting->made));
		get(waiting, pattern(waiting->taken), POLLIN);
	}
	for (int i = 0; i < 3; i++)
		submit_poll(waiting, pattern(waiting->made));
	if (target_option("AIOS_FLIGHT")) {
		int never[2];
		must(pipe(never));
		struct iocb request = { .aio_lio_opcode = IOCB_CMD_POLL, .aio_fildes = never[0], .aio_buf = POLLIN };
		submit(&contexts[LARGE], &request);
	}
	bool has_timers = target_option("AIOS_TIMED");
	if (has_timers) {
		make(&timed);
		for (int i = 0; i < TIMERS; i++)
			timers[i] = must(timerfd_create(CLOCK_MONOTONIC, 0));
	}
	if (target_option("AIOS_PROTECTED"))
		must(mprotect((void *)contexts[UNUSED].id, 4096, PROT_READ));
	if (target_option("AIOS_FILTER"))
		filter(atoi(target_option("AIOS_FILTER")));
	if (target_option("AIOS_LIMIT")) {
		rlim_t next = must(dup(0));
		must(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ next, next }));
		must(close(next));
	}
	bool threads = !target_option("AIOS_PLAIN");
	pthread_t thread;
	if (threads)
		expect(pthread_create(&thread, NULL, waiter, NULL) == 0, "no thread");
	pid_t child = -1;
	if (target_option("AIOS_CHILD")) {
		child = must(fork());
		if (child == 0)
			for (;;)
				pause();
	}
	for (unsigned long ticks = 0; !target_finishing();) {
		if (!target_paused()) {
			work(++ticks, threads);
			if (has_timers)
				wait_for_timers(ticks);
			target_tick(ticks);
		}
		rest(2);
	}
	fill(&contexts[UNUSED]);
	fill(&contexts[SMALL]);
	fill(waiting);
	for (int i = 0; i < (threads ? WAITED : CONTEXTS); i++)
		must(syscall(SYS_io_destroy, contexts[i].id));
	if (child > 0) {
		must(kill(child, 9));
		must(waitpid(child, NULL, 0));
	}
	target_say("DONE\n");
	return 0;
}
