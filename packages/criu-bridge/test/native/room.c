/*
 * Runs a program in a room of its own, as a container runtime would:
 *
 *   room ROOT SOURCE PLACE PROGRAM ARGUMENT...
 *
 * A new mount namespace that holds ROOT and, at PLACE in it, SOURCE from outside; nothing else of the old tree is left.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static void must(int result, const char *what)
{
	if (result == 0)
		return;
	perror(what);
	exit(1);
}

int main(int argc, char **argv)
{
	char place[4096];

	if (argc < 5)
		return 2;
	snprintf(place, sizeof(place), "%s%s", argv[1], argv[3]);
	must(unshare(CLONE_NEWNS), "unshare");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make private");
	must(mount(argv[1], argv[1], NULL, MS_BIND, NULL), "bind the root");
	must(mount(argv[2], place, NULL, MS_BIND, NULL), "bind the source");
	must(chdir(argv[1]), "chdir");
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "umount");
	must(chdir("/"), "chdir");
	/* What was open before lies on mounts that are not in the room. */
	close_range(0, ~0u, 0);
	for (int fd = 0; fd < 3; fd++)
		open("/console", O_RDWR | O_CREAT | O_APPEND, 0600);
	execv(argv[4], argv + 4);
	perror(argv[4]);
	return 1;
}
