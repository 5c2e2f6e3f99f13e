// Memory that processes have from their parent and share with it until one writes: a parent with COPIES_MIB MiB, three children and a
// grandchild. A tick: each has verified all of its own.
//
//   same      has changed nothing
//   changed   has written some pages, discarded some, and made the heap longer; its child has written more
//   cut       has another protection in the middle, another map in the place of a part, and no end
#include "target.h"
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define PAGE 4096L
#define WORDS (PAGE / 8)

enum member { PARENT, SAME, CHANGED, GRANDCHILD, CUT, MEMBERS };
enum { HEAP_PAGES = 40, MORE_HEAP = 60, FILE_PAGES = 16 };

// What all see: whose turn it is.
struct common {
	atomic_ulong turn;
	atomic_bool ending;
	unsigned long counts[MEMBERS];
};

static struct common *common;
static uint64_t *large, *heap, *of_file;
static long pages;
static enum member me;

// What a page of the large area holds: 0 for none, else its seed.
static uint64_t content(enum member who, long page)
{
	if (page % 13 == 12)
		return 0; // never touched
	if (who == GRANDCHILD && page % 17 == 3)
		return 3000 + page;
	if ((who == CHANGED || who == GRANDCHILD) && page % 11 == 5)
		return 0;
	if ((who == CHANGED || who == GRANDCHILD) && page % 7 == 2)
		return 2000 + page;
	if (who == CUT && page >= pages / 2 && page < pages / 2 + 8)
		return 4000 + page;
	return 1000 + page;
}

static void write_page(uint64_t *at, uint64_t seed)
{
	for (long i = 0; i < WORDS; i++)
		at[i] = pattern(seed * WORDS + i);
}

static void verify_page(const char *what, const uint64_t *at, uint64_t seed, long page)
{
	for (long i = 0; i < WORDS; i += seed ? 1 : WORDS / 8) {
		uint64_t should = seed ? pattern(seed * WORDS + i) : 0;
		expect(at[i] == should, "member %d: %s, page %ld: %lx instead of %lx", me, what, page, at[i], should);
	}
}

static void write_large(bool (*wanted)(enum member, long))
{
	for (long page = 0; page < pages; page++)
		if (wanted(me, page))
			write_page(large + page * WORDS, content(me, page));
}

static bool is_used(enum member who, long page)
{
	return content(who, page) != 0;
}

static bool is_changed(enum member who, long page)
{
	enum member parent = who == GRANDCHILD ? CHANGED : PARENT;
	return content(who, page) && content(who, page) != content(parent, page);
}

static bool is_discarded(enum member who, long page)
{
	return content(who, page) == 0 && content(PARENT, page) != 0;
}

static void verify(void)
{
	long end = me == CUT ? pages - 8 : pages;
	for (long page = 0; page < end; page++)
		verify_page("the large area", large + page * WORDS, content(me, page), page);
	for (long page = 0; page < HEAP_PAGES; page++)
		verify_page("the heap", heap + page * WORDS, 5000 + page, page);
	if (me == CHANGED || me == GRANDCHILD)
		for (long page = 0; page < MORE_HEAP; page++)
			verify_page("the longer heap", heap + (HEAP_PAGES + page) * WORDS, page % 2 ? 0 : 6000 + page, page);
	for (long page = 0; page < FILE_PAGES; page += 2)
		verify_page("the map of a file", of_file + page * WORDS, (me == SAME && page == 4 ? 8000 : 7000) + page, page);
	for (long page = 1; page < FILE_PAGES; page += 2)
		expect(!memchr(of_file + page * WORDS, 0, PAGE), "member %d: page %ld of the file is not text", me, page);
}

static void take_turns(void)
{
	for (;;) {
		unsigned long turn = atomic_load(&common->turn);
		if (atomic_load(&common->ending))
			return;
		if ((me == PARENT && target_paused()) || turn % MEMBERS != (unsigned long)me) {
			rest(1);
			continue;
		}
		verify();
		common->counts[me]++;
		if (me == PARENT) {
			target_tick(common->counts[PARENT]);
			if (target_finishing())
				atomic_store(&common->ending, true);
		}
		atomic_store(&common->turn, turn + 1);
	}
}

static pid_t begin(enum member who)
{
	pid_t pid = must(fork());
	if (pid == 0)
		me = who;
	return pid;
}

static void end(int children)
{
	for (int status, i = 0; i < children; i++) {
		must(wait(&status));
		expect(status == 0, "member %d: a child ended with %x", me, status);
	}
}

static void be_changed(void)
{
	for (long page = 0; page < pages; page++)
		if (is_discarded(me, page))
			must(madvise(large + page * WORDS, PAGE, MADV_DONTNEED));
	write_large(is_changed);
	expect(sbrk(MORE_HEAP * PAGE) == heap + HEAP_PAGES * WORDS, "the heap goes on elsewhere");
	for (long page = 0; page < MORE_HEAP; page += 2)
		write_page(heap + (HEAP_PAGES + page) * WORDS, 6000 + page);
	bool is_parent = begin(GRANDCHILD) != 0;
	if (!is_parent)
		write_large(is_changed);
	take_turns();
	end(is_parent);
}

static void be_cut(void)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	must(mmap(large + pages / 2 * WORDS, 8 * PAGE, PROT_READ | PROT_WRITE, flags, -1, 0));
	for (long page = pages / 2; page < pages / 2 + 8; page++)
		if (content(me, page))
			write_page(large + page * WORDS, content(me, page));
	must(mprotect(large + pages / 4 * WORDS, 16 * PAGE, PROT_READ));
	must(munmap(large + (pages - 8) * WORDS, 8 * PAGE));
	take_turns();
}

int main(void)
{
	target_start();
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); // so that pages are the unit of what is shared
	const char *size = target_option("COPIES_MIB");
	pages = (size ? atol(size) : 8) * 256;
	common = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	large = must(mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	write_large(is_used);
	long unaligned = (long)sbrk(0) % PAGE;
	must(sbrk(unaligned ? PAGE - unaligned : 0));
	heap = must(sbrk(HEAP_PAGES * PAGE));
	for (long page = 0; page < HEAP_PAGES; page++)
		write_page(heap + page * WORDS, 5000 + page);
	int words = must(open("words", O_RDONLY));
	of_file = must(mmap(NULL, FILE_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, words, 0));
	must(close(words));
	for (long page = 0; page < FILE_PAGES; page += 2)
		write_page(of_file + page * WORDS, 7000 + page);

	if (begin(SAME) == 0) {
		write_page(of_file + 4 * WORDS, 8004);
		take_turns();
	} else if (begin(CHANGED) == 0) {
		be_changed();
	} else if (begin(CUT) == 0) {
		be_cut();
	} else {
		take_turns();
		end(3);
		target_say("DONE\n");
	}
	return 0;
}
