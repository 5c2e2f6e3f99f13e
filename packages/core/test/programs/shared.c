// Memory of nothing that processes share: by all, by some, mapped twice, partly, at other places, with other rights, of /dev/zero,
// and hardly used. SHARED_PLAIN: not twice, and nowhere else. A parent and two children. A tick: each has verified what it maps, and has counted in memory that the others see.
#include "target.h"
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define PAGE 4096L
#define PAGES 64L
#define SPARSE (64L << 20)

enum { CHILDREN = 2 };

// The first page of the memory that all have.
struct common {
	atomic_ulong turn; // whose turn it is, and in which round: round * 3 + who
	atomic_bool ending;
	unsigned long counts[CHILDREN + 1];
};

static struct common *common;
static char *all, *twice, *zero, *sparse, *quiet;

static char *map(int fd, long size)
{
	int flags = MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0);
	return must(mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0));
}

static void fill(char *at, long pages, uint64_t seed)
{
	for (long i = 0; i < pages * PAGE / 8; i++)
		((uint64_t *)at)[i] = pattern(seed + i);
}

static void verify(const char *what, const char *at, long from, long pages, uint64_t seed)
{
	for (long i = 0; i < pages * PAGE / 8; i++) {
		uint64_t is = ((const uint64_t *)at)[i], should = pattern(seed + from * PAGE / 8 + i);
		expect(is == should, "%d: %s, word %ld: %lx instead of %lx", getpid(), what, i, is, should);
	}
}

static void verify_all(int who)
{
	verify("memory of all", all + PAGE, 1, PAGES - 1, 1000);
	verify("the other map of it", twice, 8, 16, 1000);
	verify("memory of /dev/zero", zero, 0, 4, 5000);
	expect(sparse[0] == 1 && sparse[SPARSE / 2] == 2 && sparse[SPARSE - 1] == 3, "%d: the sparse memory has changed", who);
	for (long at = PAGE; at < SPARSE / 4; at += SPARSE / 16)
		expect(sparse[at] == 0, "%d: there is something in the sparse memory", who);
	verify("memory that may not be written", quiet, 0, 2, 7000);
	// What one writes in one map of it shows in the other, and to everybody.
	unsigned long *here = (unsigned long *)(all + 8 * PAGE), *there = (unsigned long *)twice;
	expect(here[0] == there[0], "two maps of one memory differ");
}

static void take_turns(int who)
{
	for (;;) {
		unsigned long turn = atomic_load(&common->turn);
		if (atomic_load(&common->ending))
			return;
		if (who == 0 && target_paused()) {
			rest(1);
			continue;
		}
		if (turn % (CHILDREN + 1) != (unsigned long)who) {
			rest(1);
			continue;
		}
		verify_all(who);
		expect(common->counts[who] == turn / (CHILDREN + 1), "%d has counted to %lu in round %lu", who, common->counts[who],
		       turn / (CHILDREN + 1));
		common->counts[who]++;
		if (who == 0) {
			target_tick(common->counts[0]);
			if (target_finishing())
				atomic_store(&common->ending, true);
		}
		atomic_store(&common->turn, turn + 1);
	}
}

int main(void)
{
	target_start();
	bool plain = target_option("SHARED_PLAIN");
	all = map(-1, PAGES * PAGE);
	common = (struct common *)all;
	int fd = must(open("/dev/zero", O_RDWR));
	zero = map(fd, 4 * PAGE);
	must(close(fd));
	fill(zero, 4, 5000);
	sparse = map(-1, SPARSE);
	sparse[0] = 1, sparse[SPARSE / 2] = 2, sparse[SPARSE - 1] = 3;
	quiet = map(-1, 2 * PAGE);
	fill(quiet, 2, 7000);
	must(mprotect(quiet, PAGE, PROT_READ));
	// The same pages once more: an old size of 0.
	twice = plain ? all + 8 * PAGE : must(mremap(all + 8 * PAGE, 0, 16 * PAGE, MREMAP_MAYMOVE));
	// Written by a process that is gone: these pages are in no other one's page table.
	if (must(fork()) == 0) {
		fill(all + PAGE, PAGES - 1, 1000 + PAGE / 8);
		_exit(0);
	}
	must(wait(NULL));
	pid_t children[CHILDREN];
	for (int child = 0; child < CHILDREN; child++) {
		children[child] = must(fork());
		if (children[child])
			continue;
		must(prctl(PR_SET_PDEATHSIG, SIGKILL));
		if (plain && child == 0)
			; // CRIU waits for ever where two processes have two of them in another order
		else if (child == 0) {
			// Somewhere else.
			char *place = must(mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
			all = must(mremap(all, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place));
			common = (struct common *)all;
		} else {
			// Less of it, and without rights for a part.
			must(munmap(sparse + SPARSE / 4, SPARSE / 8));
			must(mprotect(plain ? quiet : twice + 15 * PAGE, PAGE, PROT_READ));
		}
		take_turns(child + 1);
		_exit(7 + child);
	}
	take_turns(0);
	for (int child = 0; child < CHILDREN; child++) {
		int status;
		must(waitpid(children[child], &status, 0));
		expect(WIFEXITED(status) && WEXITSTATUS(status) == 7 + child, "child %d ended with %x", child, status);
	}
	target_say("DONE\n");
	return 0;
}
