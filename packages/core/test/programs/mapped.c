// Two memory maps of DEVICE: a page to read, and another to write as well. No descriptor of it is open, or with KEEP the second one's. A tick: both are there.
// At the end: they are what they were; or what came in their place has the words "instead!", if that is where it says it is from.
#include "target.h"
#include <sys/mman.h>

enum { PAGE = 4096 };

static const char *device;
static char *maps[2];

// Rights, offset and path of the map that begins at an address.
static void look(const char *address, char *rights, unsigned long *offset, char *path)
{
	char line[PATH_MAX + 128], start[32];
	FILE *file = fopen("/proc/self/maps", "r");
	expect(file, "cannot read the maps: %s", strerror(errno));
	snprintf(start, sizeof(start), "%lx-", (unsigned long)address);
	path[0] = 0;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, start, strlen(start)))
			sscanf(line, "%*s %4s %lx %*s %*s %4095s", rights, offset, path);
	fclose(file);
}

static void check(int which)
{
	char rights[8] = "", path[PATH_MAX] = "";
	unsigned long offset = 0;
	look(maps[which], rights, &offset, path);
	expect(!strcmp(rights, which ? "rw-s" : "r--s"), "map %d has the rights %s", which, rights);
	if (!strcmp(path, device)) {
		expect(offset == (unsigned long)which * PAGE, "map %d has the offset %lx", which, offset);
		return;
	}
	expect(strstr(path, "/instead"), "map %d is of '%s'", which, path);
	expect(!memcmp(maps[which], "instead!", 8), "map %d has other words: %.8s", which, maps[which]);
}

int main(void)
{
	target_start();
	device = target_option("DEVICE");
	expect(device, "there is no DEVICE");
	for (int which = 0; which < 2; which++) {
		int fd = must(open(device, which ? O_RDWR : O_RDONLY));
		int rights = PROT_READ | (which ? PROT_WRITE : 0);
		maps[which] = must(mmap(NULL, PAGE, rights, MAP_SHARED, fd, which * PAGE));
		if (!which || !target_option("KEEP"))
			must(close(fd));
	}
	// Only before the first tick and at the end: a program that has a file of /proc open is not dumped.
	check(0);
	check(1);
	for (unsigned long tick = 1; !target_finishing(); tick++) {
		while (target_paused())
			rest(10);
		for (int which = 0; which < 2; which++)
			must(msync(maps[which], PAGE, MS_ASYNC));
		target_tick(tick);
		rest(10);
	}
	check(0);
	check(1);
	target_say("DONE\n");
	return 0;
}
