// Processes that share tables with their parents: descriptors (CLONE_FILES), directory and umask (CLONE_FS), both, and one that shares
// what its parent does not share with the main process. A tick: what one of them opens, closes or sets, those see that share it,
// and no others. TABLES_APART: two children share descriptors that their parent does not have any more.
#include "target.h"
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { MEMBERS = 5, SPARE = 90 };

// Each by its number; the main process is the first.
static const struct {
	int parent, flags;
	int files, fs; // whoever has the same number shares
} members[MEMBERS] = {
	{ -1, 0, 0, 0 },
	{ 0, CLONE_FILES, 0, 1 },
	{ 0, CLONE_FS, 2, 0 },
	{ 1, CLONE_FILES | CLONE_FS, 0, 1 },
	{ 2, CLONE_FILES, 2, 4 },
};

static struct {
	pid_t pids[MEMBERS];
	volatile int step;
	volatile int seen[MEMBERS]; // the step for which each has looked last
	volatile bool open[MEMBERS];
	volatile int umask[MEMBERS];
	volatile ino_t directory[MEMBERS];
	volatile bool ending;
} *common;

static ino_t directory(const char *name)
{
	struct stat found;
	must(stat(name, &found));
	return found.st_ino;
}

static void look(int self)
{
	// To ask for the umask is to set it, for all that share it.
	char name[16];
	struct stat made;
	snprintf(name, sizeof(name), "mask%d", self);
	must(mkdir(target_path(name), 0777));
	must(stat(target_path(name), &made));
	must(rmdir(target_path(name)));
	common->open[self] = fcntl(SPARE, F_GETFD) >= 0;
	common->umask[self] = ~made.st_mode & 0777;
	common->directory[self] = directory(".");
}

static void serve(int self)
{
	while (!common->ending) {
		expect(getppid() == common->pids[members[self].parent], "process %d has another parent", self);
		int step = common->step;
		if (common->seen[self] != step) {
			look(self);
			common->seen[self] = step;
		}
		rest(1);
	}
	_exit(0);
}

static void start(int parent)
{
	for (int number = 1; number < MEMBERS; number++) {
		if (members[number].parent != parent)
			continue;
		pid_t pid = must(syscall(SYS_clone, members[number].flags | SIGCHLD, 0, 0, 0, 0));
		if (pid == 0) {
			common->pids[number] = getpid();
			start(number);
			serve(number);
		}
	}
	if (parent != 0)
		return;
	for (int number = 1; number < MEMBERS; number++)
		while (!common->pids[number])
			rest(1);
}

// The main process looks too, with all others.
static void look_all(void)
{
	int step = common->step + 1;
	look(0);
	common->seen[0] = step;
	common->step = step;
	for (int number = 1; number < MEMBERS; number++)
		while (common->seen[number] != step)
			rest(1);
}

static void check(bool open, int mask, ino_t where)
{
	look_all();
	for (int number = 0; number < MEMBERS; number++) {
		bool with_files = members[number].files == 0, with_fs = members[number].fs == 0;
		expect(common->open[number] == (open && with_files), "process %d: descriptor %d is %d", number, SPARE,
		       common->open[number]);
		expect((common->umask[number] == mask) == with_fs, "process %d: its umask is %o", number, common->umask[number]);
		expect((common->directory[number] == where) == with_fs, "process %d: its directory is not the one", number);
	}
}

static void serve_apart(void)
{
	while (!common->ending)
		rest(1);
	_exit(0);
}

static int apart(void)
{
	for (int number = 0; number < 2; number++)
		if (must(syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0)) == 0)
			serve_apart();
	must(unshare(CLONE_FILES));
	for (unsigned long ticks = 1; !target_finishing(); rest(2))
		target_tick(ticks++);
	common->ending = true;
	while (wait(NULL) > 0)
		;
	target_say("DONE\n");
	return 0;
}

int main(void)
{
	target_start();
	int file = must(open("common", O_RDWR | O_CREAT, 0666));
	must(ftruncate(file, sizeof(*common)));
	common = mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	must((long)common);
	must(close(file));
	if (target_option("TABLES_APART"))
		return apart();
	umask(07);
	common->pids[0] = getpid();
	start(0);
	// What they do not share has values of its own from now on.
	umask(027);
	must(mkdir("in", 0777));
	must(mkdir("out", 0777));
	ino_t in = directory("in"), out = directory("out");
	must(chdir("out"));
	for (unsigned long ticks = 1; !target_finishing();) {
		if (target_paused()) {
			rest(1);
			continue;
		}
		must(dup2(0, SPARE));
		check(true, 027, out);
		must(close(SPARE));
		umask(077);
		must(chdir(target_path("in")));
		check(false, 077, in);
		umask(027);
		must(chdir(target_path("out")));
		check(false, 027, out);
		target_tick(ticks++);
		rest(1);
	}
	common->ending = true;
	for (int number = 1; number < 3; number++)
		must(waitpid(common->pids[number], NULL, 0));
	target_say("DONE\n");
	return 0;
}
