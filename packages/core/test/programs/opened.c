// Files in all the ways in which they are opened, and what has become of their names, modes and owners since.
#include "target.h"

enum { DIRECT, APPENDED, CLOSED, RENAMED, REPLACED, IN_PLACE, NAMELESS, SETGID, STICKY, SETUID, GHOST, PATH, SETTING, COUNT };

static int fds[COUNT];
static struct stat was[COUNT];
static int flags[COUNT];
static off_t positions[COUNT];
static char *page; // O_DIRECT wants it aligned

static void hold(int which, const char *name, int how, mode_t mode, const char *content)
{
	fds[which] = must(open(name, how, 0600));
	if (content)
		must(write(fds[which], content, strlen(content)));
	if (mode)
		must(fchmod(fds[which], mode));
}

static void check(int which)
{
	struct stat now;
	must(fstat(fds[which], &now));
	const struct stat *before = &was[which];
	expect(now.st_mode == before->st_mode, "file %d: mode %o, and it was %o", which, now.st_mode, before->st_mode);
	expect(now.st_uid == before->st_uid && now.st_gid == before->st_gid, "file %d: another owner", which);
	expect(now.st_size == before->st_size && now.st_nlink == before->st_nlink, "file %d: another size or name", which);
	expect(fcntl(fds[which], F_GETFL) == flags[which], "file %d: flags %o", which, fcntl(fds[which], F_GETFL));
	expect(lseek(fds[which], 0, SEEK_CUR) == positions[which], "file %d: another position", which);
}

int main(void)
{
	target_start();
	const int made = O_RDWR | O_CREAT;
	expect(posix_memalign((void **)&page, 4096, 4096) == 0, "no memory");
	hold(DIRECT, "direct", made, 0, NULL);
	for (int part = 0; part < 4; part++) {
		memset(page, 'a' + part, 4096);
		must(write(fds[DIRECT], page, 4096));
	}
	must(close(fds[DIRECT]));
	must(mkdir("setgid", 0700));
	must(chmod("setgid", 02775));
	must(mkdir("sticky", 0700));
	must(chmod("sticky", 01777));

	hold(DIRECT, "direct", O_RDWR | O_DIRECT, 0, NULL);
	must(lseek(fds[DIRECT], 4096, SEEK_SET));
	hold(APPENDED, "appended", made | O_APPEND | O_SYNC, 0, "a");
	hold(CLOSED, "closed", made, 0400, "c");
	must(fchmod(fds[CLOSED], 0)); // nobody but root may open it again
	hold(RENAMED, "before", made, 0, "r");
	must(rename("before", "after"));
	hold(REPLACED, "name", made, 0, "old");
	hold(IN_PLACE, "other", made, 0, "newer");
	must(rename("other", "name"));
	hold(NAMELESS, ".", O_TMPFILE | O_RDWR, 0, "n");
	hold(SETGID, "setgid", O_RDONLY | O_DIRECTORY, 0, NULL);
	hold(STICKY, "sticky/gone", made, 0, "s");
	must(fchown(fds[STICKY], 1234, 1234));
	must(unlink("sticky/gone"));
	hold(SETUID, "setgid/program", made, 06755, NULL);
	hold(GHOST, "setgid/gone", made, 0, NULL);
	must(fchown(fds[GHOST], 1234, 99));
	must(fchmod(fds[GHOST], 06755)); // a write or another owner would take these rights
	must(unlink("setgid/gone"));
	hold(PATH, "direct", O_PATH, 0, NULL);
	hold(SETTING, "/proc/sys/kernel/hostname", O_RDONLY, 0, NULL);
	for (int which = 0; which < COUNT; which++) {
		must(fstat(fds[which], &was[which]));
		flags[which] = fcntl(fds[which], F_GETFL);
		positions[which] = lseek(fds[which], 0, SEEK_CUR);
	}

	for (unsigned long number = 1; !target_finishing();) {
		for (int which = 0; which < COUNT; which++)
			check(which);
		expect(pread(fds[DIRECT], page, 4096, 4096) == 4096 && page[0] == 'b', "other content, read directly");
		char old[4] = "";
		expect(pread(fds[REPLACED], old, 3, 0) == 3 && strcmp(old, "old") == 0, "the file that was replaced has %s", old);
		rest(5);
		if (!target_paused())
			target_tick(number++);
	}
	target_say("DONE\n");
	return 0;
}
