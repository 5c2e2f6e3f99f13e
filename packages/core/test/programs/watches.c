// Watches of files: inotify with watches of a directory, of files in it, of one that has been deleted and is open, and under numbers
// that do not follow each other; fanotify with marks of an inode and of a mount, where this user may have them. A tick: what happens to
// what is watched is told, once each, and nothing else is; this is tried whenever the program has stood still for a while, as in a dump.
// So there is next to never an event that waits when it is dumped.
// WATCHES_WAITING leaves an event to be read. WATCHES_PLAIN leaves out what CRIU does not restore: a link that is watched itself,
// a deleted file that is, and
// what is no event in a mask; and events are passed over that CRIU makes itself when it restores.
#include "target.h"
#include <poll.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>

static int first_numbers[2], directory_watch, file_watch, gone_watch, link_watch;
static int watcher, other, group = -1, gone;
static bool plain;

static const char *in_watched(const char *name)
{
	static char path[64];
	snprintf(path, sizeof(path), "watched/%s", name);
	return target_path(path);
}

static void touch(const char *path)
{
	must(close(must(open(path, O_WRONLY | O_CREAT, 0666))));
}

// The next event; its name must be this one.
static void expect_event(int fd, int wd, uint32_t mask, const char *name)
{
	static char buffer[4096] __attribute__((aligned(8)));
	static size_t from, length;
	struct inotify_event *event;
	do {
		if (from == length) {
			ssize_t got = read(fd, buffer, sizeof(buffer));
			expect(got > 0, "no event %x of watch %d: %s", mask, wd, got ? strerror(errno) : "end");
			from = 0;
			length = got;
		}
		event = (void *)(buffer + from);
		from += sizeof(*event) + event->len;
		// CRIU takes the file away by which it made a deleted one again, some time after the program runs.
	} while (plain && event->len && strstr(event->name, ".ghost"));
	expect(event->wd == wd && event->mask == mask && !strcmp(event->len ? event->name : "", name),
	       "event %x of watch %d (%s) instead of %x of %d (%s)", event->mask, event->wd, event->len ? event->name : "", mask, wd, name);
}

static bool quiet(int fd)
{
	struct pollfd ask = { .fd = fd, .events = POLLIN };
	return must(poll(&ask, 1, 0)) == 0;
}

static void check_inotify(void)
{
	touch(in_watched("new"));
	expect_event(watcher, directory_watch, IN_CREATE, "new");
	expect_event(watcher, directory_watch, IN_CLOSE_WRITE, "new");
	must(unlink(in_watched("new")));
	expect_event(watcher, directory_watch, IN_DELETE, "new");
	touch(in_watched("file"));
	expect_event(watcher, file_watch, IN_OPEN, "");
	expect_event(watcher, directory_watch, IN_CLOSE_WRITE, "file");
	expect(write(gone, "x", 1) == 1, "write to a deleted file");
	if (!plain)
		expect_event(watcher, gone_watch, IN_MODIFY, "");
	must(fchownat(AT_FDCWD, in_watched("link"), getuid(), getgid(), AT_SYMLINK_NOFOLLOW));
	expect_event(watcher, directory_watch, IN_ATTRIB, "link");
	if (!plain)
		expect_event(watcher, link_watch, IN_ATTRIB, "");
	expect(quiet(watcher), "more events than there should be");
}

// The next event of the group, and its mask.
static uint64_t next_mark(void)
{
	char buffer[512] __attribute__((aligned(8)));
	ssize_t length = read(group, buffer, FAN_EVENT_METADATA_LEN);
	struct fanotify_event_metadata *event = (void *)buffer;
	expect(length == FAN_EVENT_METADATA_LEN, "no event of fanotify: %s", strerror(errno));
	expect(plain || event->pid == getpid(), "an event of %d", event->pid);
	must(close(event->fd));
	return event->mask;
}

// Whoever is let off reads away what there is.
static void pass_over_all(void)
{
	char buffer[4096];
	for (int fd = watcher; plain && !quiet(fd);)
		must(read(fd, buffer, sizeof(buffer)));
	while (plain && group >= 0 && !quiet(group))
		next_mark();
}

static void check_fanotify(void)
{
	if (group < 0)
		return;
	touch(in_watched("marked"));
	expect_event(watcher, directory_watch, IN_CLOSE_WRITE, "marked");
	uint64_t mask = next_mark();
	expect(mask == FAN_CLOSE_WRITE, "event %lx of fanotify", (long)mask);
	expect(quiet(group), "more events of fanotify than there should be");
}

static void start_fanotify(void)
{
	group = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY | O_LARGEFILE);
	if (group < 0)
		return;
	must(fanotify_mark(group, FAN_MARK_ADD, FAN_CLOSE_WRITE, AT_FDCWD, in_watched("marked")));
	// Of the whole mount, what never happens here: a program of it is started from it.
	must(fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN_EXEC, AT_FDCWD, "/proc"));
	must(fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_IGNORED_SURV_MODIFY, FAN_ACCESS, AT_FDCWD,
			   in_watched("file")));
}

int main(void)
{
	target_start();
	plain = target_option("WATCHES_PLAIN");
	must(mkdir(target_path("watched"), 0777));
	const char *files[] = { "file", "gone", "marked", "spare" };
	for (int i = 0; i < 4; i++)
		touch(in_watched(files[i]));
	must(symlink("nowhere", in_watched("link")));
	gone = must(open(in_watched("gone"), O_RDWR));
	watcher = must(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
	other = must(inotify_init());
	for (int i = 0; i < 2; i++)
		first_numbers[i] = must(inotify_add_watch(watcher, in_watched(i ? "spare" : "file"), IN_MOVE_SELF));
	directory_watch = must(inotify_add_watch(watcher, target_path("watched"), IN_CREATE | IN_DELETE | IN_CLOSE_WRITE | IN_ATTRIB));
	must(inotify_rm_watch(watcher, first_numbers[0]));
	must(inotify_rm_watch(watcher, first_numbers[1]));
	file_watch = must(inotify_add_watch(watcher, in_watched("file"), IN_OPEN));
	if (!plain)
		gone_watch = must(inotify_add_watch(watcher, in_watched("gone"), IN_MODIFY));
	if (!plain)
		link_watch = must(inotify_add_watch(watcher, in_watched("link"), IN_ATTRIB | IN_DONT_FOLLOW));
	must(inotify_add_watch(other, target_path("watched"), IN_MOVED_TO | (plain ? 0 : IN_ONESHOT | IN_EXCL_UNLINK)));
	must(unlink(in_watched("gone")));
	expect_event(watcher, first_numbers[0], IN_IGNORED, "");
	expect_event(watcher, first_numbers[1], IN_IGNORED, "");
	expect_event(watcher, directory_watch, IN_DELETE, "gone");
	start_fanotify();
	if (target_option("WATCHES_WAITING")) {
		touch(in_watched("new"));
		for (unsigned long ticks = 1; !target_finishing(); rest(1))
			if (!target_paused())
				target_tick(ticks++);
		expect_event(watcher, directory_watch, IN_CREATE, "new");
		expect_event(watcher, directory_watch, IN_CLOSE_WRITE, "new");
	}
	long last = 0;
	for (unsigned long ticks = 1; !target_finishing(); rest(1)) {
		expect(plain || (quiet(watcher) && quiet(other) && (group < 0 || quiet(group))), "an event of nothing that happened");
		if (target_paused())
			continue;
		struct timespec now;
		clock_gettime(CLOCK_REALTIME, &now);
		long milli = now.tv_sec * 1000 + now.tv_nsec / 1000000;
		if (milli > last + 100) {
			pass_over_all();
			check_inotify();
			check_fanotify();
		}
		last = milli;
		target_tick(ticks++);
	}
	pass_over_all();
	touch(in_watched("moved"));
	expect_event(watcher, directory_watch, IN_CREATE, "moved");
	char aside[PATH_MAX + 64]; // one path at a time is another's
	snprintf(aside, sizeof(aside), "%s", target_path("aside"));
	touch(aside);
	must(rename(aside, in_watched("back")));
	expect(!quiet(other), "the other one is not told");
	target_say("DONE\n");
	return 0;
}
