// Pipes that belong to a user and have rights of their own. OWNER_USER: the program gives up root first. A tick: they are whose they
// were, and can be opened again.
#include "target.h"
#include <grp.h>

static void verify(const int *ends, uid_t owner, mode_t mode)
{
	struct stat stat;
	for (int i = 0; i < 2; i++) {
		must(fstat(ends[i], &stat));
		expect(stat.st_uid == owner && stat.st_gid == owner, "a pipe belongs to %d:%d instead of %d", stat.st_uid, stat.st_gid, owner);
		expect((stat.st_mode & 07777) == mode, "a pipe has the mode %o instead of %o", stat.st_mode & 07777, mode);
	}
}

static void open_again(const int *ends)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
	must(close(must(open(path, O_RDWR))));
}

int main(void)
{
	target_start();
	if (target_option("OWNER_USER")) {
		must(fchown(target_log, 65534, 65534));
		must(chown(".", 65534, 65534));
		must(setgroups(0, NULL));
		must(setgid(65534));
		must(setuid(65534));
	}
	int plain[2], restricted[2];
	must(pipe(plain));
	must(pipe(restricted));
	must(fchmod(restricted[0], 0640));
	for (unsigned long tick = 0;;) {
		bool last = target_finishing();
		verify(plain, getuid(), 0600);
		verify(restricted, getuid(), 0640);
		if (target_paused()) {
			rest(2);
			continue;
		}
		open_again(plain); // has one more descriptor for a moment
		open_again(restricted);
		if (last)
			break;
		target_tick(++tick);
		rest(2);
	}
	target_say("DONE\n");
	return 0;
}
