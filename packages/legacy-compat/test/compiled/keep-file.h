/*
 * Keeps a device in the image directory, and opens it again: the work of the plugins of both structures. As it has to be
 * under CRIU, flags and position are the plugin's own job.
 */
#include "criu-log.h"
#include "criu-plugin.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int open_image(int id, int flags)
{
	char name[64];
	snprintf(name, sizeof(name), KEPT_AS "-%x.img", (unsigned int)id);
	int image = openat(criu_get_image_dir(), name, flags, 0600);
	if (image < 0)
		pr_perror("cannot open %s", name);
	return image;
}

static int keep_file(int fd, int id)
{
	char link[64], path[256], line[320];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return -errno;
	path[length] = 0;
	if (strncmp(path, "/dev/", 5) != 0)
		return -ENOTSUP;
	int image = open_image(id, O_WRONLY | O_CREAT | O_EXCL);
	if (image < 0)
		return -errno;
	int size = snprintf(line, sizeof(line), "%d %s\n", fcntl(fd, F_GETFL), path);
	ssize_t written = write(image, line, (size_t)size);
	close(image);
	pr_info("keeps %s as %#x\n", path, id);
	return written == size ? 0 : -EIO;
}

static int bring_file_back(int id)
{
	char line[320], path[256];
	int flags, image = open_image(id, O_RDONLY);
	if (image < 0)
		return errno == ENOENT ? -ENOTSUP : -errno;
	ssize_t length = read(image, line, sizeof(line) - 1);
	close(image);
	line[length > 0 ? length : 0] = 0;
	if (sscanf(line, "%d %255s", &flags, path) != 2)
		return -EINVAL;
	pr_info("brings back %s as %#x\n", path, id);
	int fd = open(path, flags & (O_ACCMODE | O_NONBLOCK | O_APPEND));
	return fd < 0 ? -errno : fd;
}
