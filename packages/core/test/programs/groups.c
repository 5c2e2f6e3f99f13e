// Control groups: GROUPS_ROOT, GROUPS_CHILD and GROUPS_THREAD have files, with colons between, by which the process, its child and a thread join
// theirs. A tick: each is in the groups in which it began. GROUPS_MOVED: whichever they are.
#include "target.h"
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

static bool moved;

static void join(const char *option)
{
	char paths[4096], *rest, number[16];
	const char *given = target_option(option);
	if (!given)
		return;
	snprintf(paths, sizeof(paths), "%s", given);
	int length = snprintf(number, sizeof(number), "%ld", syscall(SYS_gettid));
	for (char *path = strtok_r(paths, ":", &rest); path; path = strtok_r(NULL, ":", &rest)) {
		int file = must(open(path, O_WRONLY));
		expect(write(file, number, length) == length, "cannot join %s: %s", path, strerror(errno));
		must(close(file));
	}
}

static void read_groups(char *into, int size)
{
	int file = must(open("/proc/thread-self/cgroup", O_RDONLY));
	int length = must((int)read(file, into, size - 1));
	into[length] = 0;
	must(close(file));
}

static void look(const char *before)
{
	char now[4096];
	read_groups(now, sizeof(now));
	expect(moved || strcmp(now, before) == 0, "it is in\n%s, not in\n%s", now, before);
}

static void stay(const char *option)
{
	char groups[4096];
	join(option);
	read_groups(groups, sizeof(groups));
	for (;;) {
		look(groups);
		rest(20);
	}
}

static void *work(void *nothing)
{
	stay("GROUPS_THREAD");
	return nothing;
}

int main(void)
{
	char groups[4096];
	target_start();
	moved = target_option("GROUPS_MOVED");
	join("GROUPS_ROOT");
	if (target_option("GROUPS_CHILD") && must(fork()) == 0) {
		must(prctl(PR_SET_PDEATHSIG, SIGKILL));
		stay("GROUPS_CHILD");
	}
	if (target_option("GROUPS_THREAD"))
		expect(pthread_create(&(pthread_t){ 0 }, NULL, work, NULL) == 0, "no thread");
	read_groups(groups, sizeof(groups));
	for (unsigned long tick = 1; !target_finishing();) {
		look(groups);
		if (!target_paused())
			target_tick(tick++);
		rest(20);
	}
	target_say("DONE\n");
	return 0;
}
