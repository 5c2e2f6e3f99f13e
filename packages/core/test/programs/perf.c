// A perf event with a memory map: a software clock of processor 0 that writes samples into a ring buffer. Verifies that
// descriptor and map belong together: the clock's count grows, and so does the ring's head. A restored event counts from
// 0, and so does its ring.
#include "target.h"
#include <linux/perf_event.h>
#include <sys/mman.h>

enum { RING = 8 * 4096, EVENT = 9 };

static struct perf_event_mmap_page *page;
static uint64_t count, head;

static uint64_t read_count(void)
{
	uint64_t value;
	expect(read(EVENT, &value, 8) == 8, "the event cannot be read: %s", strerror(errno));
	return value;
}

int main(void)
{
	target_start();
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.size = sizeof(attributes),
		.sample_freq = 500,
		.freq = 1,
		.sample_type = PERF_SAMPLE_TIME,
	};
	int event = must(syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC));
	must(dup3(event, EVENT, O_CLOEXEC));
	must(close(event));
	page = must(mmap(NULL, RING + 4096, PROT_READ | PROT_WRITE, MAP_SHARED, EVENT, 0));

	for (unsigned long tick = 1; !target_finishing(); tick++) {
		while (target_paused())
			rest(10);
		uint64_t now = read_count();
		if (now < count)
			head = 0;
		count = now;
		expect(page->data_offset == 4096 && page->data_size == RING, "the map is not the event's: offset %llu, size %llu",
		       page->data_offset, page->data_size);
		for (long start = milliseconds(); page->data_head <= head; rest(1)) {
			expect(milliseconds() - start < 30000, "the ring's head stands still at %lu", head);
			page->data_tail = page->data_head;
		}
		head = page->data_head;
		page->data_tail = head;
		expect(read_count() > count, "the event's clock stands still at %lu", count);
		target_tick(tick);
		rest(10);
	}
	target_say("DONE\n");
	return 0;
}
