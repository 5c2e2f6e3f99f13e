/*
 * What the benchmark of the bridge is compared with: a plugin in C that does for each external file what our host does. It notes
 * path, device, flags, position and signal owner at the dump, writes them to one file at its end, and at the restore reads that,
 * opens the path, and sets flags and position.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi.h"

#define PATH "/dev/fuse"
#define FILE_NAME "same-work.records"

struct record {
	int id;
	mode_t mode;
	dev_t rdev;
	ino_t inode;
	int flags;
	off_t position;
	struct f_owner_ex owner;
	int signal;
	char path[256];
};

static struct record records[8192];
static int count;

static int dump_file(int fd, int id)
{
	struct record *record = &records[count];
	struct stat stat;
	char link[32];
	ssize_t length;

	if (count == 8192 || fstat(fd, &stat))
		return -ENOSPC;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, record->path, sizeof(record->path) - 1);
	if (length < 0)
		return -errno;
	record->path[length] = 0;
	if (strcmp(record->path, PATH))
		return -ENOTSUP;
	record->id = id;
	record->mode = stat.st_mode;
	record->rdev = stat.st_rdev;
	record->inode = stat.st_ino;
	record->flags = fcntl(fd, F_GETFL);
	record->position = lseek(fd, 0, SEEK_CUR);
	fcntl(fd, F_GETOWN_EX, &record->owner);
	record->signal = fcntl(fd, F_GETSIG);
	count++;
	return 0;
}

static int restore_file(int id)
{
	for (int i = 0; i < count; i++) {
		struct record *record = &records[i];
		int fd;

		if (record->id != id)
			continue;
		fd = open(record->path, record->flags & O_ACCMODE);
		if (fd < 0)
			return -errno;
		if (fcntl(fd, F_GETFL) != record->flags)
			fcntl(fd, F_SETFL, record->flags);
		lseek(fd, record->position, SEEK_SET);
		return fd;
	}
	return -ENOTSUP;
}

static int init(int stage)
{
	int file;
	ssize_t length;

	if (stage != ABI_RESTORE)
		return 0;
	file = openat(criu_get_image_dir(), FILE_NAME, O_RDONLY);
	if (file < 0)
		return -errno;
	length = read(file, records, sizeof(records));
	close(file);
	count = length < 0 ? 0 : (int)((size_t)length / sizeof(*records));
	return 0;
}

static void finish(int stage, int result)
{
	int file;

	if (stage != ABI_DUMP || result)
		return;
	file = openat(criu_get_image_dir(), FILE_NAME, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (file < 0 || write(file, records, (size_t)count * sizeof(*records)) < 0)
		print_on_level(ABI_ERROR, "same-work: %s\n", strerror(errno));
	close(file);
}

__attribute__((visibility("default"))) struct abi_descriptor CR_PLUGIN_DESC = {
	.name = "same-work",
	.init = init,
	.exit = finish,
	.version = ABI_VERSION,
	.max_hooks = 10,
	.hooks = { [ABI_DUMP_EXT_FILE] = dump_file, [ABI_RESTORE_EXT_FILE] = restore_file },
};
