// Files that have lost their name, in every way that a process can have them: open, by several names, under a name that another
// file has taken, with holes, mapped, as the program that runs, as directories and the current one, made without any name.
// A parent and a child that shares all of it. DELETED_LINKS: also files that have another name left. DELETED_SIZE: bytes of one
// more file. DELETED_PLAIN: without what CRIU cannot restore (a deleted directory in another) or makes another kind of (what never had a
// name). DELETED_GUESTS: also anonymous shared memory and timers. A tick: both have verified everything, and have counted in memory of a deleted file.
#include "target.h"
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#define PAGE 4096L
#define HOLE (6L << 20)
// A name that looks escaped, and like that of a deleted file.
#define ODD "back\\slash \\040 (deleted)"

struct common {
	atomic_ulong turn;
	atomic_bool ending;
	unsigned long appended;
};

static struct common *common;
static char *private_map, *odd_map;
static const char *home;
static long extra;
static bool links, plain, guests;
static uint64_t *shared;
static timer_t timers[2];
static bool may_all; // as root outside of every user namespace

enum {
	PLAIN = 10, // read and written, its position is shared
	READER, // the same file, opened again
	FIRST, // one file under two names
	SECOND,
	TAKEN, // another file has its name now
	RENAMED, // another file was renamed over it
	SPARSE,
	APPENDED,
	LOST, // in a directory that is deleted as well
	OUTER, // directories, one in the other
	INNER,
	TEMPORARY, // never had a name
	REFERENCE, // O_PATH
	SYMLINK,
	DEVICE,
	MAPPED,
	EXTRA,
	LINKED, // its other name is there
	TWICE_LINKED,
};

static char *name(const char *part)
{
	static char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", home, part);
	return path;
}

static void put(int fd, int at)
{
	must(dup2(fd, at));
	must(close(fd));
}

static void make(const char *part, int flags, int at, mode_t mode)
{
	put(must(open(name(part), flags | O_CREAT | O_EXCL, 0600)), at);
	must(fchmod(at, mode));
}

static void fill(int fd, long words, uint64_t seed, off_t at)
{
	for (long i = 0; i < words; i++) {
		uint64_t word = pattern(seed + i);
		expect(must(pwrite(fd, &word, 8, at + i * 8)) == 8, "cannot write");
	}
}

static void verify(const char *what, int fd, long words, uint64_t seed, off_t at)
{
	for (long i = 0; i < words; i++) {
		uint64_t word = 0;
		must(pread(fd, &word, 8, at + i * 8));
		expect(word == pattern(seed + i), "%d: %s, word %ld: %lx", getpid(), what, i, word);
	}
}

// What a descriptor leads to: the name that it was opened by, as far as links go, rights and owner.
static void is(int fd, const char *part, nlink_t names, mode_t mode)
{
	char link[PATH_MAX] = "", self[64], should[PATH_MAX + 16];
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	must(readlink(self, link, sizeof(link) - 1));
	snprintf(should, sizeof(should), "%s (deleted)", name(part));
	// A name that another file has cannot come back.
	expect(strcmp(link, should) == 0 || ((fd == TAKEN || fd == RENAMED) && strncmp(link, name(part), strlen(name(part))) == 0),
	       "descriptor %d is %s instead of %s", fd, link, should);
	struct stat stat;
	must(fstat(fd, &stat));
	// A dump that was killed may leave one more name for a moment.
	for (int left = 2000; links && names > 0 && stat.st_nlink != names && left > 0; left--, must(fstat(fd, &stat)))
		rest(1);
	expect(stat.st_nlink == names, "%s has %ld names", part, (long)stat.st_nlink);
	expect(stat.st_mode == mode, "%s has the mode %o instead of %o", part, stat.st_mode, mode);
	expect(stat.st_uid == getuid() && stat.st_gid == getgid(), "%s belongs to %d", part, stat.st_uid);
}

static bool same(int a, int b)
{
	struct stat one, other;
	must(fstat(a, &one));
	must(fstat(b, &other));
	return one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

static void verify_timers(void)
{
	for (int i = 0; i < 2; i++) {
		struct itimerspec spec;
		must(syscall(SYS_timer_gettime, timers[i], &spec));
		expect(spec.it_interval.tv_sec == 1000 + i && spec.it_value.tv_sec > 0, "timer %d has %ld s of %ld left", i,
		       spec.it_value.tv_sec, spec.it_interval.tv_sec);
	}
}

static void verify_all(int who)
{
	is(PLAIN, "plain", 0, S_IFREG | 0640);
	is(READER, "plain", 0, S_IFREG | 0640);
	expect(same(PLAIN, READER), "one file has become two");
	expect(lseek(PLAIN, 0, SEEK_CUR) == 100, "the position is %ld", (long)lseek(PLAIN, 0, SEEK_CUR));
	expect(lseek(READER, 0, SEEK_CUR) == 7, "the position of another opening is %ld", (long)lseek(READER, 0, SEEK_CUR));
	verify("plain", READER, 2000, 1, 0);
	is(FIRST, "first", 0, S_IFREG | 0600);
	is(SECOND, "second", 0, S_IFREG | 0600);
	expect(same(FIRST, SECOND), "a file of two names has become two");
	verify("two names", SECOND, 600, 2, 0);
	is(TAKEN, "taken", 0, S_IFREG | 0600);
	verify("taken", TAKEN, 600, 3, 0);
	is(RENAMED, "renamed", 0, S_IFREG | 0400);
	verify("renamed", RENAMED, 600, 4, 0);
	expect(access(name("taken"), F_OK) == 0 && access(name("renamed"), F_OK) == 0, "a file that has a name is gone");
	is(SPARSE, "sparse", 0, S_IFREG | 0600);
	struct stat stat;
	must(fstat(SPARSE, &stat));
	expect(stat.st_size == HOLE + PAGE && stat.st_blocks * 512L < HOLE, "the holes are filled: %ld blocks", (long)stat.st_blocks);
	expect(stat.st_mtim.tv_sec == 1000000000 && stat.st_mtim.tv_nsec == 123456000, "it was changed at %ld.%09ld",
	       stat.st_mtim.tv_sec, stat.st_mtim.tv_nsec);
	verify("sparse", SPARSE, 100, 5, HOLE);
	is(APPENDED, "appended", 0, S_IFREG | (may_all ? 0200 : 0600));
	must(fstat(APPENDED, &stat));
	expect((unsigned long)stat.st_size == common->appended, "%ld bytes were appended", (long)stat.st_size);
	expect((fcntl(APPENDED, F_GETFL) & (O_APPEND | O_ACCMODE)) == (O_APPEND | O_WRONLY), "flags have changed");
	is(LOST, "directory/lost", 0, S_IFREG | 0600);
	verify("lost", LOST, 10, 6, 0);
	is(OUTER, "outer", 0, S_IFDIR | 0750);
	struct stat outer;
	if (!plain) {
		is(INNER, "outer/inner", 0, S_IFDIR | 0700);
		must(fstatat(INNER, "..", &stat, 0));
		must(fstat(OUTER, &outer));
		expect(stat.st_ino == outer.st_ino, "a directory has another parent");
	}
	expect(openat(OUTER, "new", O_CREAT | O_RDWR, 0600) == -1 && errno == ENOENT, "a deleted directory takes files");
	if (!plain) {
		must(fstat(TEMPORARY, &stat));
		expect(stat.st_nlink == 0, "the file without a name has one");
		expect((fcntl(TEMPORARY, F_GETFL) & O_TMPFILE) == O_TMPFILE, "it was not made without a name");
		verify("temporary", TEMPORARY, 100, 7, 0);
	}
	is(REFERENCE, "plain", 0, S_IFREG | 0640);
	expect(fcntl(REFERENCE, F_GETFL) & O_PATH, "it is no reference any more");
	char target[64] = "";
	must(readlinkat(SYMLINK, "", target, sizeof(target)));
	expect(strcmp(target, "nowhere at all") == 0, "the symbolic link leads to %s", target);
	if (may_all) {
		must(fstat(DEVICE, &stat));
		expect(stat.st_nlink == 0 && stat.st_rdev == makedev(1, 3), "the device is another");
		expect(must(write(DEVICE, "x", 1)) == 1, "the device takes nothing");
	}
	for (long i = 0; i < PAGE / 8; i++)
		expect(((uint64_t *)private_map)[i] == pattern(8 + i), "mapped word %ld is another", i);
	expect(private_map[PAGE] == (who == 0 ? 'p' : 'c'), "a changed page has %c in it", private_map[PAGE]);
	expect(private_map[2 * PAGE] == 0, "the last mapped page is not empty");
	if (!plain)
		expect(odd_map[0] == 'o' && access(name(ODD), F_OK) == 0, "the file of the odd name is another");
	char link[PATH_MAX] = "";
	must(readlink("/proc/self/exe", link, sizeof(link) - 1));
	expect(strstr(link, "/program (deleted)"), "the program is %s", link);
	must(readlink("/proc/self/cwd", memset(link, 0, sizeof(link)), sizeof(link) - 1));
	expect(strstr(link, "/current") && strstr(link, " (deleted)"), "the current directory is %s", link);
	if (extra > 0)
		verify("the large one", EXTRA, extra / 8, 9, 0);
	for (long i = 0; guests && i < 8 * PAGE / 8; i++)
		expect(shared[i] == pattern(10 + i), "%d: shared word %ld is another", getpid(), i);
	if (guests && who == 0)
		verify_timers();
	if (!links)
		return;
	is(LINKED, "linked", 1, S_IFREG | 0600);
	must(fstatat(AT_FDCWD, name("left"), &stat, 0));
	must(fstat(LINKED, &outer));
	expect(stat.st_ino == outer.st_ino, "it is not the file that has the other name");
	is(TWICE_LINKED, "also linked", 1, S_IFREG | 0600);
	expect(same(LINKED, TWICE_LINKED), "a file with another name has become two");
}

static void take_turns(int who)
{
	for (;;) {
		unsigned long turn = atomic_load(&common->turn);
		if (atomic_load(&common->ending))
			return;
		if ((who == 0 && target_paused()) || turn % 2 != (unsigned long)who) {
			rest(1);
			continue;
		}
		verify_all(who);
		if (who == 1) {
			expect(must(write(APPENDED, "line\n", 5)) == 5, "cannot append");
			common->appended += 5;
		} else {
			target_tick(turn / 2 + 1);
			if (target_finishing())
				atomic_store(&common->ending, true);
		}
		atomic_store(&common->turn, turn + 1);
	}
}

// Runs a copy of the program, which can be deleted.
static void become_deleted(char **arguments)
{
	if (!target_option("DELETED_STAGE")) {
		int from = must(open("/proc/self/exe", O_RDONLY)), to = must(open("program", O_WRONLY | O_CREAT | O_EXCL, 0700));
		char bytes[65536];
		for (ssize_t got; (got = must(read(from, bytes, sizeof(bytes)))) > 0;)
			expect(must(write(to, bytes, got)) == got, "cannot copy the program");
		must(close(to));
		must(close(from));
		must(setenv("DELETED_STAGE", "2", 1));
		must(execv("program", arguments));
	}
	must(unlink("program"));
}

static void make_files(void)
{
	make("plain", O_RDWR, PLAIN, 0640);
	fill(PLAIN, 2000, 1, 0);
	must(lseek(PLAIN, 100, SEEK_SET));
	put(must(open(name("plain"), O_RDONLY)), READER);
	must(lseek(READER, 7, SEEK_SET));
	put(must(open(name("plain"), O_PATH)), REFERENCE);
	must(unlink(name("plain")));

	make("first", O_RDWR, FIRST, 0600);
	fill(FIRST, 600, 2, 0);
	must(linkat(AT_FDCWD, "/proc/self/fd/12", AT_FDCWD, name("second"), AT_SYMLINK_FOLLOW));
	put(must(open(name("second"), O_RDONLY)), SECOND);
	must(unlink(name("first")));
	must(unlink(name("second")));

	make("taken", O_RDWR, TAKEN, 0600);
	fill(TAKEN, 600, 3, 0);
	must(unlink(name("taken")));
	must(close(must(open(name("taken"), O_WRONLY | O_CREAT | O_EXCL, 0600))));

	// Read only by now, and open for writing all the same.
	make("renamed", O_RDWR, RENAMED, 0400);
	fill(RENAMED, 600, 4, 0);
	must(unlink(name("renamed")));
	must(close(must(open(name("new"), O_WRONLY | O_CREAT | O_EXCL, 0600))));
	char from[PATH_MAX];
	strcpy(from, name("new"));
	must(rename(from, name("renamed")));

	make("sparse", O_RDWR | O_NOFOLLOW, SPARSE, 0600);
	fill(SPARSE, 100, 5, HOLE);
	must(ftruncate(SPARSE, HOLE + PAGE));
	must(unlink(name("sparse")));
	struct timespec times[2] = { { 1000000000, 0 }, { 1000000000, 123456000 } };
	must(futimens(SPARSE, times));

	make("appended", O_WRONLY | O_APPEND, APPENDED, may_all ? 0200 : 0600); // who is not root may not read it then
	must(unlink(name("appended")));

	must(mkdir(name("directory"), 0700));
	make("directory/lost", O_RDWR, LOST, 0600);
	fill(LOST, 10, 6, 0);
	must(unlink(name("directory/lost")));
	must(rmdir(name("directory")));

	must(mkdir(name("outer"), 0700));
	if (!plain)
		must(mkdir(name("outer/inner"), 0700));
	put(must(open(name("outer"), O_RDONLY | O_DIRECTORY)), OUTER);
	must(fchmod(OUTER, 0750));
	if (!plain) {
		put(must(open(name("outer/inner"), O_RDONLY | O_DIRECTORY)), INNER);
		must(rmdir(name("outer/inner")));
	}
	must(rmdir(name("outer")));

	if (!plain) {
		put(must(open(home, O_TMPFILE | O_RDWR, 0600)), TEMPORARY);
		fill(TEMPORARY, 100, 7, 0);
	}

	must(symlink("nowhere at all", name("symlink")));
	put(must(open(name("symlink"), O_PATH | O_NOFOLLOW)), SYMLINK);
	must(unlink(name("symlink")));

	if (may_all) {
		put(must(open(name("device"), O_WRONLY)), DEVICE);
		must(unlink(name("device")));
	}

	if (extra > 0) {
		make("extra", O_RDWR, EXTRA, 0600);
		fill(EXTRA, extra / 8, 9, 0);
		must(unlink(name("extra")));
	}
	if (links) {
		make("linked", O_RDWR, LINKED, 0600);
		must(linkat(AT_FDCWD, "/proc/self/fd/27", AT_FDCWD, name("left"), AT_SYMLINK_FOLLOW));
		must(linkat(AT_FDCWD, "/proc/self/fd/27", AT_FDCWD, name("also linked"), AT_SYMLINK_FOLLOW));
		put(must(open(name("also linked"), O_RDONLY)), TWICE_LINKED);
		must(unlink(name("linked")));
		must(unlink(name("also linked")));
	}
}

static void make_guests(void)
{
	shared = must(mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	for (long i = 0; i < 8 * PAGE / 8; i++)
		shared[i] = pattern(10 + i);
	for (int i = 0; i < 2; i++) {
		struct sigevent event = { .sigev_notify = SIGEV_NONE };
		int id = 0;
		must(syscall(SYS_timer_create, i ? CLOCK_BOOTTIME : CLOCK_MONOTONIC, &event, &id));
		timers[i] = (timer_t)(long)id;
		struct itimerspec spec = { { 1000 + i, 0 }, { 1000 + i, 0 } };
		must(syscall(SYS_timer_settime, timers[i], 0, &spec, NULL));
	}
}

static void map_files(void)
{
	make("mapped", O_RDWR, MAPPED, 0600);
	must(ftruncate(MAPPED, 4 * PAGE));
	fill(MAPPED, PAGE / 8, 8, PAGE);
	common = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, MAPPED, 0));
	private_map = must(mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, MAPPED, PAGE));
	must(unlink(name("mapped")));
	if (!plain) {
		int odd = must(open(name(ODD), O_RDWR | O_CREAT | O_EXCL, 0600));
		expect(must(write(odd, "odd", 3)) == 3, "cannot write");
		odd_map = must(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, odd, 0));
		must(close(odd));
	}
	// Only root may look at what is mapped and not open.
	if (may_all)
		must(close(MAPPED));
}

int main(int count, char **arguments)
{
	target_start();
	(void)count;
	become_deleted(arguments);
	home = target_directory;
	may_all = mknod(name("device"), S_IFCHR | 0600, makedev(1, 3)) == 0;
	extra = target_option("DELETED_SIZE") ? atol(target_option("DELETED_SIZE")) : 0;
	links = target_option("DELETED_LINKS");
	plain = target_option("DELETED_PLAIN");
	guests = target_option("DELETED_GUESTS");
	make_files();
	map_files();
	if (guests)
		make_guests();
	must(mkdir(name("current"), 0700));
	must(chdir(name("current")));
	must(rmdir(name("current")));
	pid_t child = must(fork());
	private_map[PAGE] = child == 0 ? 'c' : 'p';
	if (child == 0) {
		must(prctl(PR_SET_PDEATHSIG, SIGKILL));
		take_turns(1);
		_exit(7);
	}
	take_turns(0);
	if (!plain)
		must(linkat(AT_FDCWD, "/proc/self/fd/21", AT_FDCWD, name("a name at last"), AT_SYMLINK_FOLLOW));
	int status;
	must(waitpid(child, &status, 0));
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 7, "the child ended with %x", status);
	target_say("DONE\n");
	return 0;
}
