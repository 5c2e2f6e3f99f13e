// Private anonymous memory with huge pages: used in part, and read only. A tick: all of it is what it was, and
// counts on. Needs some free huge pages (vm.nr_hugepages).
#include "target.h"
#include <sys/mman.h>

enum { HUGE = 2 << 20, PAGES = 3 };

static volatile unsigned long *used, *constant;

static void check(unsigned long tick)
{
	expect(used[0] == tick, "the first page has %lu, not %lu", used[0], tick);
	expect(used[2 * HUGE / sizeof(*used) + 5] == tick * 3, "the third page has %lu", used[2 * HUGE / sizeof(*used) + 5]);
	expect(munmap((void *)used, 4096) == -1 && errno == EINVAL, "its pages are huge no more");
	expect(constant[7] == 77 && constant[8] == 0, "what is read only has %lu", constant[7]);
}

static unsigned long *map(int pages)
{
	return must(mmap(NULL, (size_t)pages * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | (21 << MAP_HUGE_SHIFT), -1, 0));
}

int main(void)
{
	target_start();
	used = map(PAGES);
	constant = map(1);
	constant[7] = 77;
	must(mprotect((void *)constant, HUGE, PROT_READ));
	unsigned long tick = 0;
	used[0] = used[2 * HUGE / sizeof(*used) + 5] = 0;
	while (!target_finishing()) {
		check(tick);
		if (!target_paused()) {
			tick++;
			used[0] = tick;
			used[2 * HUGE / sizeof(*used) + 5] = tick * 3;
			target_tick(tick);
		}
		rest(3);
	}
	check(tick);
	target_say("DONE\n");
	return 0;
}
