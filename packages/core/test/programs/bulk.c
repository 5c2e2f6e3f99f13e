// A process with much memory of each kind that a restore fills in its own way: private memory in a row and page by page, with huge
// pages, of a file, and shared. BULK_MIB: how much of each.
#include "target.h"
#include <sys/mman.h>

enum { PAGE = 4096, HUGE = 2 << 20 };
static unsigned long size = 8 << 20;

// A page has its own number everywhere: one that is lost, doubled or torn shows.
static void fill(char *at, unsigned long page)
{
	for (unsigned long word = 0; word < PAGE / 8; word++)
		((uint64_t *)at)[word] = pattern(page * 512 + word);
}

static void verify(const char *what, const char *at, unsigned long step)
{
	for (unsigned long page = 0; page < size / PAGE; page += step)
		for (unsigned long word = 0; word < PAGE / 8; word++)
			expect(((const uint64_t *)(at + page * PAGE))[word] == pattern(page * 512 + word), "%s: page %lu is damaged", what, page);
}

static char *map(int flags, int file, unsigned long step)
{
	char *at = must(mmap(NULL, size, PROT_READ | PROT_WRITE, flags, file, 0));
	for (unsigned long page = 0; page < size / PAGE; page += step)
		fill(at + page * PAGE, page);
	return at;
}

static char *map_huge(void)
{
	char *area = must(mmap(NULL, size + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	char *at = (char *)(((unsigned long)area + HUGE - 1) & -HUGE);
	madvise(at, size, MADV_HUGEPAGE); // a kernel without them goes on with small ones
	for (unsigned long page = 0; page < size / PAGE; page++)
		fill(at + page * PAGE, page);
	return at;
}

int main(void)
{
	target_start();
	const char *option = target_option("BULK_MIB");
	if (option)
		size = strtoul(option, NULL, 10) << 20;
	int file = must(open(target_path("bulk"), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	must(ftruncate(file, size));
	const int private = MAP_PRIVATE | MAP_ANONYMOUS;
	char *row = map(private, -1, 1);
	char *single = map(private, -1, 2);
	char *huge = map_huge();
	char *of_file = map(MAP_PRIVATE, file, 1);
	char *shared = map(MAP_SHARED | MAP_ANONYMOUS, -1, 1);
	must(close(file));
	for (unsigned long tick = 1; !target_finishing();) {
		if (!target_paused())
			target_tick(tick++);
		verify("in a row", row, 1);
		verify("single pages", single, 2);
		verify("huge pages", huge, 1);
		verify("of a file", of_file, 1);
		verify("shared", shared, 1);
		for (unsigned long page = 1; page < size / PAGE; page += 2)
			expect(single[page * PAGE] == 0, "page %lu is not empty", page);
		rest(10);
	}
	target_say("DONE\n");
	return 0;
}
