// Memory that has more than protection and advice: not reserved, locked, guarded, droppable, named, sealed, with protection keys. A tick: all of it is as it
// was made; what this kernel does not have is left out. MEMORY_OLD: only what images of CRIU have a place for. MEMORY_SHARED: guards in
// shared memory, too. MEMORY_FUTURE: new maps are locked, 1 at once, 2 when they are used.
// MEMORY_WATCHED: a userfaultfd handles the faults of some.
#include "target.h"
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/uio.h>

#define PAGE 4096L
#define PAGES 16L
#define FAR (1L << 45)
#define HUGE_RESERVE (1L << 40)

// Of newer headers.
#define GUARD_INSTALL 102
#define DROPPABLE 0x08
#define SYS_MSEAL 462
#define SET_VMA 0x53564d41

struct map {
	const char *what;
	char *at;
	long size;
	const char *flags; // that VmFlags must show
	const char *no_flags; // and must not
	const char *name; // that /proc/self/maps shows
	bool droppable;
	int key; // that ProtectionKey must show, on processors that have them
};

static struct map maps[16];
static int count, key_count;
static char *guarded, *guarded_file, *guarded_shared, *sealed, *grows, *keyed;

static char *add(struct map map)
{
	maps[count++] = map;
	return map.at;
}

static char *private(long pages)
{
	// A page of another kind on each side keeps the kernel from joining it with others.
	char *area = must(mmap(NULL, (pages + 2) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	char *at = must(mmap(area + PAGE, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	for (long i = 0; i < pages * PAGE / 8; i++)
		((uint64_t *)at)[i] = pattern(i);
	return at;
}

static void verify(const char *what, const char *at, long from, long to)
{
	for (long i = from * PAGE / 8; i < to * PAGE / 8; i++)
		expect(((const uint64_t *)at)[i] == pattern(i), "%s, word %ld is damaged", what, i);
}

static bool readable(const char *at)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { (void *)at, 1 };
	return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == 1;
}

static void verify_guards(const char *what, const char *at, long from, long to)
{
	for (long page = 0; page < PAGES; page++) {
		bool guard = page >= from && page < to;
		expect(readable(at + page * PAGE) == !guard, "%s, page %ld %s", what, page, guard ? "may be read" : "is guarded");
	}
}

static bool has_flag(const char *line, const char *flag)
{
	char padded[8];
	snprintf(padded, sizeof(padded), " %s ", flag);
	return strstr(line, padded) != NULL;
}

static void verify_flags(const struct map *map, const char *line)
{
	for (const char *flag = map->flags; flag && *flag; flag += flag[2] ? 3 : 2)
		expect(has_flag(line, (char[]){ flag[0], flag[1], 0 }), "%s: no %.2s in %s", map->what, flag, line);
	for (const char *flag = map->no_flags; flag && *flag; flag += flag[2] ? 3 : 2)
		expect(!has_flag(line, (char[]){ flag[0], flag[1], 0 }), "%s: %.2s in %s", map->what, flag, line);
}

static void verify_maps(void)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	expect(smaps, "cannot open smaps");
	char line[4096];
	const struct map *map = NULL;
	int found = 0;
	while (fgets(line, sizeof(line), smaps)) {
		unsigned long start, end;
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
			map = NULL;
			for (int i = 0; i < count; i++)
				if (start == (unsigned long)maps[i].at)
					map = &maps[i];
			if (map && map->name)
				expect(strstr(line, map->name), "%s is not called %s: %s", map->what, map->name, line);
			if (map)
				expect(end - start == (unsigned long)map->size, "%s has another size: %s", map->what, line);
		} else if (map && !strncmp(line, "ProtectionKey:", 14)) {
			expect(atoi(line + 14) == map->key, "%s has another key than %d: %s", map->what, map->key, line);
		} else if (map && !strncmp(line, "VmFlags:", 8)) {
			verify_flags(map, line);
			found++;
		}
	}
	fclose(smaps);
	expect(found == count, "%d maps instead of %d", found, count);
}

// What the thread forbids itself holds in system calls, too; the next key is the one after all that there are.
static void verify_keys(void)
{
	if (!keyed)
		return;
	expect(pkey_get(2) == PKEY_DISABLE_WRITE, "key 2 forbids %d", pkey_get(2));
	expect(getrandom(keyed, 1, 0) == -1 && errno == EFAULT, "memory that must not be written can be");
	verify("with a key", keyed, 0, PAGES);
	int keys[2] = { pkey_alloc(0, 0), pkey_alloc(0, 0) };
	expect(keys[0] == 1 && keys[1] == key_count, "free keys are %d and %d", keys[0], keys[1]);
	must(pkey_free(keys[0]));
	must(pkey_free(keys[1]));
}

// New maps are locked, or not.
static void verify_future(void)
{
	const char *how = target_option("MEMORY_FUTURE");
	char *at = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	bool locked = msync(at, PAGE, MS_INVALIDATE) == -1 && errno == EBUSY;
	unsigned char there = 0;
	must(mincore(at, PAGE, &there));
	expect(locked == !!how, "new maps are %slocked", locked ? "" : "not ");
	expect((there & 1) == (how && *how == '1'), "a new page is %sthere", there & 1 ? "" : "not ");
	must(munmap(at, PAGE));
}

static void verify_all(void)
{
	verify_keys();
	for (int i = 0; i < count; i++)
		if (!maps[i].droppable && maps[i].size == PAGES * PAGE && !strstr(maps[i].what, "guard"))
			verify(maps[i].what, maps[i].at, 0, PAGES);
	if (guarded) {
		verify_guards("guards", guarded, 3, 5);
		verify("beside the guards", guarded, 0, 3);
		verify("beside the guards", guarded, 5, PAGES);
	}
	if (guarded_file) {
		verify_guards("guards in a file", guarded_file, 1, PAGES);
		expect(guarded_file[0] == 'x', "the first page of the file has changed");
	}
	if (guarded_shared)
		verify_guards("guards in shared memory", guarded_shared, 7, 8);
}

static void make_old(void)
{
	add((struct map){ .what = "reserved", .at = private(PAGES), .size = PAGES * PAGE, .flags = "rd wr ac", .no_flags = "nr lo" });
	char *huge = must(mmap(NULL, HUGE_RESERVE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	huge[PAGE] = 'h';
	add((struct map){ .what = "not reserved", .at = huge, .size = HUGE_RESERVE, .flags = "nr", .no_flags = "ac" });
	char *locked = private(PAGES);
	must(mlock(locked, PAGES * PAGE));
	add((struct map){ .what = "locked", .at = locked, .size = PAGES * PAGE, .flags = "lo", .no_flags = "lf nr" });
	// Far from where the kernel puts other maps, which would stand in its way.
	int growing = MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED_NOREPLACE;
	grows = must(mmap((void *)FAR, PAGE, PROT_READ | PROT_WRITE, growing, -1, 0));
	add((struct map){ .what = "growing", .at = grows, .size = PAGE, .flags = "gd" });
	char *secret = must(mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	expect(mlock(secret, PAGE) == -1 && errno == ENOMEM, "a page that may not be read can be fetched");
	add((struct map){ .what = "locked, not readable", .at = secret, .size = PAGE, .flags = "lo" });
}

static bool guard(char *at, long pages)
{
	return madvise(at, pages * PAGE, GUARD_INSTALL) == 0;
}

// How the map shows, or NULL without names in this kernel.
static const char *name(char *at, const char *given, const char *shown)
{
	return prctl(SET_VMA, 0, at, PAGES * PAGE, given) == 0 ? shown : NULL;
}

static void make_guards(void)
{
	guarded = add((struct map){ .what = "guarded", .at = private(PAGES), .size = PAGES * PAGE });
	must(guard(guarded + 3 * PAGE, 2) - 1);

	int file = must(open(target_path("guarded"), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	must(ftruncate(file, PAGES * PAGE));
	must(pwrite(file, "x", 1, 0));
	char *at = must(mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
	must(close(file));
	if (guard(at + PAGE, PAGES - 1)) // only of private memory before Linux 6.15
		guarded_file = add((struct map){ .what = "guarded file", .at = at, .size = PAGES * PAGE });

	if (target_option("MEMORY_SHARED") && guarded_file) {
		guarded_shared = must(mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
		memset(guarded_shared, 's', PAGES * PAGE);
		must(guard(guarded_shared + 7 * PAGE, 1) - 1);
	}

	char *locked = private(PAGES);
	must(guard(locked + PAGE, 1) - 1);
	expect(mlock(locked, PAGES * PAGE) == -1 && errno == ENOMEM, "guard pages can be fetched");
	add((struct map){ .what = "locked with a guard", .at = locked, .size = PAGES * PAGE, .flags = "lo", .no_flags = "lf" });
}

// Keys 2 and 3 are its own, 1 is free again, and the kernel takes 4 for memory that may only be executed.
static void make_keys(void)
{
	if (pkey_alloc(0, 0) != 1)
		return;
	expect(pkey_alloc(0, PKEY_DISABLE_WRITE) == 2 && pkey_alloc(0, 0) == 3, "keys come in another order");
	keyed = private(PAGES);
	must(pkey_mprotect(keyed, PAGES * PAGE, PROT_READ | PROT_WRITE, 2));
	add((struct map){ .what = "with a key", .at = keyed, .size = PAGES * PAGE, .flags = "rd wr", .key = 2 });
	char *code = must(mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	must(mprotect(code, PAGE, PROT_EXEC));
	add((struct map){ .what = "only executed", .at = code, .size = PAGE, .flags = "ex", .no_flags = "rd", .key = 4 });
	must(pkey_free(1));
	key_count = 5;
}

static void make_new(void)
{
	make_keys();
	if (madvise(NULL, 0, GUARD_INSTALL) == 0)
		make_guards();

	char *on_fault = private(PAGES);
	must(mlock2(on_fault, PAGES * PAGE, MLOCK_ONFAULT));
	add((struct map){ .what = "locked on fault", .at = on_fault, .size = PAGES * PAGE, .flags = "lo lf" });

	char *droppable = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, DROPPABLE | MAP_ANONYMOUS, -1, 0);
	if (droppable != MAP_FAILED) {
		memset(droppable, 'd', PAGES * PAGE);
		add((struct map){ .what = "droppable", .at = droppable, .size = PAGES * PAGE, .flags = "dp nr wf dd", .droppable = true });
	}

	char *named = private(PAGES);
	const char *shown = name(named, "a name (deleted)", "[anon:a name (deleted)]");
	add((struct map){ .what = "named", .at = named, .size = PAGES * PAGE, .name = shown });
	char *shared = must(mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	for (long i = 0; i < PAGES * PAGE / 8; i++)
		((uint64_t *)shared)[i] = pattern(i);
	shown = name(shared, "ours", "[anon_shmem:ours]");
	add((struct map){ .what = "named, shared", .at = shared, .size = PAGES * PAGE, .flags = "sh nr", .name = shown });

	char *at = private(PAGES);
	must(mprotect(at, PAGES * PAGE, PROT_READ));
	shown = name(at, "sealed", "[anon:sealed]");
	if (syscall(SYS_MSEAL, at, PAGES * PAGE, 0) == 0)
		sealed = add((struct map){ .what = "sealed", .at = at, .size = PAGES * PAGE, .flags = "rd sl", .no_flags = "wr", .name = shown });
}

static void watch(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = must(syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY));
	must(ioctl(fd, UFFDIO_API, &api));
	char *at = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	struct uffdio_register range = { .range = { (unsigned long)at, PAGE }, .mode = UFFDIO_REGISTER_MODE_MISSING };
	must(ioctl(fd, UFFDIO_REGISTER, &range));
}

int main(void)
{
	target_start();
	make_old();
	if (!target_option("MEMORY_OLD"))
		make_new();
	if (target_option("MEMORY_WATCHED"))
		watch();
	if (target_option("MEMORY_FUTURE"))
		must(mlockall(*target_option("MEMORY_FUTURE") == '1' ? MCL_FUTURE : MCL_FUTURE | MCL_ONFAULT));
	// Only before the first tick and at the end: a program that has a file of /proc open is not dumped.
	verify_maps();
	for (unsigned long tick = 1; !target_finishing(); tick++) {
		bool paused = target_paused();
		if (!paused)
			verify_future(); // makes a map for a moment
		verify_all();
		if (!paused)
			target_tick(tick);
		else
			tick--;
		rest(10);
	}
	verify_future();
	verify_all();
	verify_maps();
	*(volatile char *)(grows - PAGE) = 'g'; // a fault if it does not grow
	if (sealed)
		expect(mprotect(sealed, PAGE, PROT_NONE) == -1 && errno == EPERM, "the seal does not hold");
	target_say("DONE\n");
	return 0;
}
