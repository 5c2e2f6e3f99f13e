/*
 * Connections to a service outside of the dumped tree, by the path that it listens on.
 */
#define LOG_PREFIX "unix-socket: "
#include "criu-log.h"
#include "criu-plugin.h"
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int open_image(int id, int flags)
{
	char name[64];
	snprintf(name, sizeof(name), "unix-socket-%u.img", (unsigned int)id);
	return openat(criu_get_image_dir(), name, flags, 0600);
}

static int dump_unix_sk(int fd, int id)
{
	struct sockaddr_un peer = { .sun_family = AF_UNSPEC };
	socklen_t length = sizeof(peer);
	if (getpeername(fd, (struct sockaddr *)&peer, &length) || peer.sun_family != AF_UNIX || peer.sun_path[0] != '/')
		return -ENOTSUP;
	int image = open_image(id, O_WRONLY | O_CREAT | O_TRUNC);
	if (image < 0)
		return -errno;
	ssize_t written = write(image, peer.sun_path, sizeof(peer.sun_path));
	close(image);
	pr_info("keeps the connection to %s\n", peer.sun_path);
	return written == sizeof(peer.sun_path) ? 0 : -EIO;
}

static int restore_unix_sk(int id)
{
	struct sockaddr_un peer = { .sun_family = AF_UNIX };
	int image = open_image(id, O_RDONLY);
	if (image < 0)
		return errno == ENOENT ? -ENOTSUP : -errno;
	ssize_t length = read(image, peer.sun_path, sizeof(peer.sun_path));
	close(image);
	if (length != sizeof(peer.sun_path))
		return -EINVAL;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&peer, sizeof(peer))) {
		pr_perror("cannot connect to %s", peer.sun_path);
		close(fd);
		return -ECONNREFUSED;
	}
	pr_info("connects to %s again\n", peer.sun_path);
	return fd;
}

CR_PLUGIN_REGISTER_DUMMY("unix-socket")
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_UNIX_SK, dump_unix_sk)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_UNIX_SK, restore_unix_sk)
