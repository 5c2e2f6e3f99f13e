// Files of memfd_create(2): with holes and an odd end, opened twice, held by two processes, mapped shared, mapped private and written,
// mapped without a descriptor, with seals of each kind, with huge pages where the machine has them, and read-only. A tick: all have
// their contents, positions, flags, modes and seals; what is shared is; what is sealed cannot be done, and the rest can.
#include "target.h"
#include <sys/mman.h>
#include <sys/wait.h>

#define SEAL_EXEC 0x20
#define HUGE (2L << 20)

enum { PAGE = 4096, HOLE = 40, ODD = 123 };

struct file {
	const char *name;
	unsigned flags, seals;
	mode_t mode;
	int fd;
};

static struct file files[] = {
	{ "plain, with an odd end", 0, F_SEAL_SEAL, 0640, -1 },
	{ "open to seals", MFD_ALLOW_SEALING, 0, 0700, -1 },
	{ "grows no more", MFD_ALLOW_SEALING, F_SEAL_GROW | F_SEAL_SHRINK, 0600, -1 },
	{ "written no more", MFD_ALLOW_SEALING, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_SEAL, 0600, -1 },
	{ "written by its map only", MFD_ALLOW_SEALING, F_SEAL_FUTURE_WRITE, 0600, -1 },
	{ "", MFD_ALLOW_SEALING, SEAL_EXEC, 0600, -1 },
	{ "huge", MFD_HUGETLB | MFD_ALLOW_SEALING, F_SEAL_SEAL | F_SEAL_GROW, 0600, -1 },
};
enum { FILES = sizeof(files) / sizeof(*files), PLAIN = 0, OPEN = 1, WRITTEN = 3, MAPPED = 4, HUGE_PAGES = 6 };

static int reader; // a second open file of the plain one
static char *shared, *private, *by_map, *unheld, *huge;
static pid_t child;

static off_t size_of(int number)
{
	return number == HUGE_PAGES ? 2 * HUGE : (HOLE + 2) * PAGE + (number == PLAIN ? ODD : 0);
}

static off_t place(int number, int which)
{
	return which == 0 ? 0 : number == HUGE_PAGES ? HUGE : (HOLE + which - 1) * PAGE;
}

static char byte_of(int number, int which)
{
	return pattern(number * 8 + which) | 1;
}

static void make(int number)
{
	struct file *file = &files[number];
	file->fd = memfd_create(file->name, file->flags);
	if (file->fd < 0 && number == HUGE_PAGES)
		return;
	must(file->fd);
	must(fchmod(file->fd, file->mode));
	must(ftruncate(file->fd, size_of(number)));
	if (number == HUGE_PAGES) {
		huge = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);
		if (huge == MAP_FAILED) {
			close(file->fd);
			file->fd = -1;
			return;
		}
		huge[HUGE] = byte_of(number, 1);
	} else {
		for (int which = 0; which < 3; which++) {
			char byte = byte_of(number, which);
			must(pwrite(file->fd, &byte, 1, place(number, which)));
		}
	}
	if (number == MAPPED)
		by_map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);
	if (file->seals & ~(unsigned)F_SEAL_SEAL || file->flags & MFD_ALLOW_SEALING)
		must(fcntl(file->fd, F_ADD_SEALS, file->seals));
	must(lseek(file->fd, number * 100 + 7, SEEK_SET));
}

static void check(int number)
{
	struct file *file = &files[number];
	struct stat now;
	if (file->fd < 0)
		return;
	must(fstat(file->fd, &now));
	expect(now.st_size == size_of(number), "%s: it has %ld bytes", file->name, (long)now.st_size);
	expect((now.st_mode & 07777) == file->mode, "%s: its mode is %o", file->name, now.st_mode);
	int seals = must(fcntl(file->fd, F_GET_SEALS));
	expect(seals == (int)file->seals, "%s: its seals are %x", file->name, seals);
	off_t at = lseek(file->fd, 0, SEEK_CUR);
	expect(at == number * 100 + 7, "%s: its position is %ld", file->name, (long)at);
	if (number == HUGE_PAGES) {
		expect(huge[0] == 0 && huge[HUGE] == byte_of(number, 1), "huge pages hold %d and %d", huge[0], huge[HUGE]);
		return;
	}
	for (int which = 0; which < 3; which++) {
		char byte = 0;
		must(pread(file->fd, &byte, 1, place(number, which)));
		char wanted = byte_of(number, which);
		// Its first byte counts the ticks of the parent and is looked at there.
		if (number == OPEN && which == 0)
			continue;
		expect(byte == wanted, "%s: byte %d is %d, not %d", file->name, which, byte, wanted);
	}
	expect(now.st_blocks <= 4 * PAGE / 512, "%s: its hole is filled: %ld blocks", file->name, (long)now.st_blocks);
}

static void check_sealed(void)
{
	char byte = 0;
	int fd = files[WRITTEN].fd;
	expect(pwrite(fd, &byte, 1, 0) < 0 && errno == EPERM, "what is sealed can be written");
	fd = files[MAPPED].fd;
	expect(pwrite(fd, &byte, 1, 0) < 0 && errno == EPERM, "what is sealed for the future can be written");
	by_map[ODD]++;
	expect(pread(fd, &byte, 1, ODD) == 1 && byte == by_map[ODD], "a map of it leads elsewhere");
	fd = files[2].fd;
	expect(ftruncate(fd, PAGE) < 0 && errno == EPERM, "it can shrink");
}

static void run_child(int go, int done)
{
	char byte;
	while (read(go, &byte, 1) == 1) {
		for (int number = 0; number < FILES; number++)
			check(number);
		expect(unheld[1] == 77, "memory without a descriptor has %d", unheld[1]);
		unheld[0]++;
		byte = shared[0];
		must(write(done, &byte, 1));
	}
	_exit(0);
}

int main(void)
{
	target_start();
	int go[2], done[2];
	must(pipe(go));
	must(pipe(done));
	for (int number = 0; number < FILES; number++)
		make(number);
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", files[PLAIN].fd);
	reader = must(open(path, O_RDONLY | O_NONBLOCK));
	must(lseek(reader, 5, SEEK_SET));
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, files[OPEN].fd, 0);
	private = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, files[PLAIN].fd, HOLE * PAGE);
	private[ODD] = 42;
	int passing = must(memfd_create("unheld", 0));
	must(ftruncate(passing, PAGE));
	unheld = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, passing, 0);
	must(close(passing));
	unheld[1] = 77;
	child = must(fork());
	if (child == 0) {
		must(close(go[1]));
		run_child(go[0], done[1]);
	}
	must(close(go[0]));
	char count = 0;
	for (unsigned long ticks = 1; !target_finishing();) {
		if (target_paused()) {
			rest(1);
			continue;
		}
		for (int number = 0; number < FILES; number++)
			check(number);
		check_sealed();
		expect(lseek(reader, 0, SEEK_CUR) == 5, "the second open file is elsewhere");
		expect(fcntl(reader, F_GETFL) & O_NONBLOCK, "the second open file has lost a flag");
		expect(private[ODD] == 42 && private[0] == byte_of(PLAIN, 1), "private memory is %d, %d", private[ODD], private[0]);
		char before = unheld[0];
		shared[0] = ++count;
		char byte = 0;
		must(write(go[1], &byte, 1));
		expect(read(done[0], &byte, 1) == 1 && byte == count, "the child sees %d, not %d", byte, count);
		expect(unheld[0] == (char)(before + 1), "memory without a descriptor is not shared");
		target_tick(ticks++);
		rest(1);
	}
	must(close(go[1]));
	int status;
	must(waitpid(child, &status, 0));
	expect(status == 0, "the child ended with %x", status);
	// What is not sealed can be sealed.
	must(munmap(shared, PAGE));
	must(fcntl(files[OPEN].fd, F_ADD_SEALS, F_SEAL_WRITE));
	target_say("DONE\n");
	return 0;
}
