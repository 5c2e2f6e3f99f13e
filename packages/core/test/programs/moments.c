// What passes by itself: for a quarter of the time an event of a watched file waits to be read.
#include "target.h"
#include <sys/inotify.h>

int main(void)
{
	char events[4096];
	target_start();
	int file = must(open(target_path("watched"), O_WRONLY | O_CREAT, 0666));
	int watcher = must(inotify_init1(IN_CLOEXEC));
	must(inotify_add_watch(watcher, target_path("watched"), IN_MODIFY));
	for (unsigned long tick = 1; !target_finishing(); rest(3)) {
		if (target_paused())
			continue;
		expect(must(write(file, "x", 1)) == 1, "nothing was written");
		rest(1);
		expect(must(read(watcher, events, sizeof(events))) == sizeof(struct inotify_event), "not one event");
		target_tick(tick++);
	}
	target_say("DONE\n");
	return 0;
}
