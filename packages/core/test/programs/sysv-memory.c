// System V shared memory: a segment with a key that two processes use, one without a key that is marked as removed, one that is attached
// for reading too, and one of which only a part in the middle is mapped. A tick: what one process writes the other sees, what was
// written before is there, ids, keys, owners, modes, sizes and the number of attachments are as they were. The ids are in the file
// "objects"; those that are left are removed at the end.
//
// SYSV_PRIVATE_ONLY=1: nothing with a key, so that several may run.
#include "target.h"
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>

enum { PAGE = 4096, PAGES = 40, ODD = 123 };

struct segment {
	const char *name;
	key_t key;
	size_t size;
	mode_t mode;
	int id;
	unsigned attached;
};

static struct segment keyed = { "with a key", 0, PAGES * PAGE - ODD, 0640, -1, 2 };
static struct segment marked = { "marked as removed", 0, PAGE, 0600, -1, 2 };
static struct segment twice = { "attached twice", 0, 3 * PAGE, 0600, -1, 4 };
static struct segment parted = { "in part", 0, PAGES * PAGE, 0606, -1, 4 };

static char *shared, *gone, *writable, *readable, *part, *rest_of_it;

static void *make(struct segment *segment)
{
	segment->id = must(shmget(segment->key, segment->size, IPC_CREAT | IPC_EXCL | segment->mode));
	void *at = shmat(segment->id, NULL, 0);
	expect(at != (void *)-1, "%s: cannot be attached: %s", segment->name, strerror(errno));
	FILE *objects = fopen(target_path("objects"), "a");
	fprintf(objects, "shm %d\n", segment->id);
	fclose(objects);
	return at;
}

static void check(struct segment *segment)
{
	struct shmid_ds now;
	must(shmctl(segment->id, IPC_STAT, &now));
	int marks = segment == &marked ? SHM_DEST : 0;
	expect(now.shm_perm.__key == segment->key, "%s: its key is %x", segment->name, now.shm_perm.__key);
	expect(now.shm_perm.mode == (segment->mode | marks), "%s: its mode is %o", segment->name, now.shm_perm.mode);
	expect(now.shm_perm.cuid == geteuid(), "%s: its creator is user %d", segment->name, now.shm_perm.cuid);
	expect(now.shm_segsz == segment->size, "%s: it has %zu bytes", segment->name, now.shm_segsz);
	expect(now.shm_nattch == segment->attached, "%s: it is attached %lu times", segment->name, now.shm_nattch);
	if (segment->key)
		expect(shmget(segment->key, 0, 0) == segment->id, "its key leads elsewhere");
}

static char byte_of(int page)
{
	return (char)(pattern(page) | 1);
}

static void check_all(void)
{
	check(&keyed);
	check(&marked);
	check(&twice);
	check(&parted);
	for (int page = 1; page < PAGES - 1; page += 3)
		expect(shared[page * PAGE] == byte_of(page), "page %d holds %d", page, shared[page * PAGE]);
	expect(shared[2 * PAGE] == 0 && shared[PAGES * PAGE - 1 - PAGE] == 0, "what nobody has written is not zero");
	expect(shared[(PAGES - 1) * PAGE] == 21, "the page in which it ends holds %d", shared[(PAGES - 1) * PAGE]);
	expect(shared[PAGES * PAGE - 1] == 22, "behind its end is %d", shared[PAGES * PAGE - 1]);
	expect(gone[7] == 77, "what is marked as removed holds %d", gone[7]);
	expect(part[0] == 5 && part[3 * PAGE - 1] == 7, "a part holds %d and %d", part[0], part[3 * PAGE - 1]);
	expect(rest_of_it[0] == 9, "the last page holds %d", rest_of_it[0]);
	writable[ODD]++;
	expect(readable[ODD] == writable[ODD], "what is attached twice differs");
	expect(mprotect(readable, PAGE, PROT_READ | PROT_WRITE) < 0 && errno == EACCES, "what is for reading can be written");
}

static void run_child(int go, int done)
{
	char byte;
	while (read(go, &byte, 1) == 1) {
		check_all();
		byte = shared[0] + gone[0];
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
	if (!target_option("SYSV_PRIVATE_ONLY"))
		keyed.key = 0x43520000 | (getpid() & 0xffff);
	shared = make(&keyed);
	for (int page = 1; page < PAGES - 1; page += 3)
		shared[page * PAGE] = byte_of(page);
	shared[(PAGES - 1) * PAGE] = 21;
	shared[PAGES * PAGE - 1] = 22;
	gone = make(&marked);
	gone[7] = 77;
	must(shmctl(marked.id, IPC_RMID, NULL));
	writable = make(&twice);
	readable = shmat(twice.id, NULL, SHM_RDONLY);
	expect(readable != (void *)-1, "cannot be attached for reading");
	char *whole = make(&parted);
	part = whole + 2 * PAGE;
	part[0] = 5;
	part[3 * PAGE - 1] = 7;
	rest_of_it = whole + (PAGES - 1) * PAGE;
	rest_of_it[0] = 9;
	must(munmap(whole, 2 * PAGE));
	must(munmap(whole + 5 * PAGE, (PAGES - 6) * PAGE));
	pid_t child = must(fork());
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
		check_all();
		shared[0] = ++count;
		gone[0] = 3;
		char byte = 0;
		must(write(go[1], &byte, 1));
		expect(read(done[0], &byte, 1) == 1 && byte == (char)(count + 3), "the child sees %d, not %d", byte, count + 3);
		target_tick(ticks++);
		rest(1);
	}
	must(close(go[1]));
	int status;
	must(waitpid(-1, &status, 0));
	expect(status == 0, "the child ended with %x", status);
	// The kernel finds all parts of what was attached by where it began.
	must(shmdt(part - 2 * PAGE));
	must(shmdt(readable));
	must(shmdt(gone));
	struct shmid_ds now;
	expect(shmctl(marked.id, IPC_STAT, &now) < 0, "what was marked as removed is left");
	must(shmctl(parted.id, IPC_STAT, &now));
	expect(now.shm_nattch == 0, "it is still attached %lu times", now.shm_nattch);
	must(shmctl(keyed.id, IPC_RMID, NULL));
	must(shmctl(twice.id, IPC_RMID, NULL));
	must(shmctl(parted.id, IPC_RMID, NULL));
	target_say("DONE\n");
	return 0;
}
