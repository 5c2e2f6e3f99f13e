/*
 * A stand-in for CRIU that loads the bridge: it offers the symbols of a release with HOOKS hooks, calls what it is told, and says
 * what came of it and how many descriptors are open then.
 *
 *   host BRIDGE.so DIRECTORY STAGE CALL...
 *
 * A CALL is `init`, `exit`, or the number of a hook and an id: `3:7`. With an f before it, it is made in a fork: `f3:7`.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../native/abi.h"

#ifdef HOOKS
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
/* Not in C: a sanitizer would make it larger. */
__asm__(".comm cr_plugin_ctl, 16 * (" TEXT(HOOKS) " + 1), 16");
#endif

static int directory;
static int stored[64], places;

int criu_get_image_dir(void)
{
	return directory;
}

void print_on_level(unsigned int level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("log %u ", level);
	vprintf(format, arguments);
	va_end(arguments);
}

int add_inventory_plugin(const char *name)
{
	printf("inventory %s\n", name);
	return 0;
}

int check_and_remove_inventory_plugin(const char *name, size_t length)
{
	printf("ticked %.*s\n", (int)length, name);
	return 0;
}

int fdstore_add(int fd)
{
	stored[places] = fcntl(fd, F_DUPFD_CLOEXEC, 500);
	return places++;
}

int fdstore_get(int place)
{
	printf("stored %d\n", place);
	return dup(stored[place]);
}

static int open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;
	int count = 0;

	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.' && atoi(entry->d_name) < 500)
			count++;
	closedir(folder);
	return count - 1;
}

static int call(void **hooks, int hook, int id)
{
	int fd = -1, result;
	uint64_t offset = 0;
	bool retry = true;
	struct stat stat_of;

	if (!hooks[hook]) {
		printf("%d:%d is not there\n", hook, id);
		return 0;
	}
	switch (hook) {
	case ABI_DUMP_UNIX_SK:
	case ABI_DUMP_EXT_FILE:
		fd = open("/dev/null", O_RDWR | O_NONBLOCK);
		result = ((int (*)(int, int))hooks[hook])(fd, id);
		close(fd);
		break;
	case ABI_RESTORE_EXT_FILE:
		result = ((int (*)(int, bool *))hooks[hook])(id, &retry);
		if (!retry || result != 0)
			printf("retry %d\n", retry);
		break;
	case ABI_DUMP_EXT_MOUNT:
		result = ((int (*)(char *, int))hooks[hook])("/data", id);
		break;
	case ABI_RESTORE_EXT_MOUNT:
		result = ((int (*)(int, char *, char *, int *))hooks[hook])(id, id == 1 ? "/proc" : "/usr", "/old", NULL);
		break;
	case ABI_DUMP_EXT_LINK:
		result = ((int (*)(int, int, char *))hooks[hook])(id, 1, "veth");
		break;
	case ABI_HANDLE_DEVICE_VMA:
		fd = open("/dev/null", O_PATH);
		fstat(fd, &stat_of);
		result = ((int (*)(int, const struct stat *))hooks[hook])(fd, &stat_of);
		close(fd);
		break;
	case ABI_UPDATE_VMA_MAP:
		fd = -1;
		result = ((int (*)(const char *, uint64_t, uint64_t, uint64_t *, int *))hooks[hook])("/dev/zero", 0x7000, 4096, &offset, &fd);
		if (result == 1)
			printf("offset %lu fd %d\n", (unsigned long)offset, fd >= 0);
		if (fd >= 0)
			close(fd);
		break;
	case ABI_POST_FORKING:
	case ABI_RESTORE_INIT:
		result = ((int (*)(void))hooks[hook])();
		break;
	default:
		result = ((int (*)(int))hooks[hook])(id);
	}
	if ((hook == ABI_RESTORE_UNIX_SK || hook == ABI_RESTORE_EXT_FILE) && result > 2) {
		close(result);
		result = 3;
	}
	printf("%d:%d %d\n", hook, id, result);
	return result;
}

int main(int argc, char **argv)
{
	struct abi_descriptor *plugin;
	void *library = argc > 3 ? dlopen(argv[1], RTLD_NOW) : NULL;
	int stage = argc > 3 ? atoi(argv[3]) : 0, before;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!library || !(plugin = dlsym(library, "CR_PLUGIN_DESC"))) {
		printf("no plugin: %s\n", dlerror());
		return 1;
	}
	directory = open(argv[2], O_RDONLY | O_DIRECTORY);
	printf("%s %x %u\n", plugin->name, plugin->version, plugin->max_hooks);
	before = open_descriptors();
	for (int i = 4; i < argc; i++) {
		bool fork_first = argv[i][0] == 'f';
		const char *word = argv[i] + fork_first;
		int hook = atoi(word), id = strchr(word, ':') ? atoi(strchr(word, ':') + 1) : 0;

		if (!strcmp(word, "init")) {
			int result = plugin->init(stage);

			printf("init %d", result);
			for (unsigned int n = 0; n < plugin->max_hooks; n++)
				if (plugin->hooks[n])
					printf(" %u", n);
			printf("\n");
		} else if (!strcmp(word, "exit")) {
			plugin->exit(stage, 0);
			printf("exit\n");
		} else if (fork_first) {
			fflush(stdout);
			if (fork() == 0) {
				int open_before = open_descriptors();

				call(plugin->hooks, hook, id);
				printf("left open %d\n", open_descriptors() - open_before);
				fflush(stdout);
				_exit(0);
			}
			wait(NULL);
		} else {
			call(plugin->hooks, hook, id);
		}
	}
	printf("left open %d\n", open_descriptors() - before);
	return 0;
}
