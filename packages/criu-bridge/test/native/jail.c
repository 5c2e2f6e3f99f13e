/*
 * Starts a program in new pid, mount, net, uts and ipc namespaces, and in a user namespace if it is told to, with ROOT as its root;
 * each SOURCE is bound at its TARGET there, from outside of everything that is dumped.
 *
 *   jail ROOT user|plain PROGRAM [SOURCE TARGET]... -- ARGS...
 *
 * PROGRAM is copied to /program in the new root, ARGS are its own. Writes the pid of the program, seen from here, to its output.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(what)                                  \
	do {                                         \
		if ((what) < 0) {                    \
			perror(#what);               \
			exit(1);                     \
		}                                    \
	} while (0)

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	CHECK(fd);
	CHECK(write(fd, text, strlen(text)));
	close(fd);
}

static void copy(const char *from, const char *to)
{
	struct stat stat;
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT, 0755);

	CHECK(in);
	CHECK(out);
	CHECK(fstat(in, &stat));
	CHECK(sendfile(out, in, NULL, (size_t)stat.st_size));
	close(in);
	close(out);
}

static void bind(const char *source, const char *root, const char *target)
{
	char path[4096];
	struct stat stat_of;

	snprintf(path, sizeof(path), "%s%s", root, target);
	CHECK(stat(source, &stat_of));
	if (S_ISDIR(stat_of.st_mode))
		CHECK(mkdir(path, 0755));
	else
		close(open(path, O_CREAT | O_WRONLY, 0666));
	CHECK(mount(source, path, NULL, MS_BIND, NULL));
}

int main(int argc, char **argv)
{
	int user = !strcmp(argv[2], "user"), at = 4, ready[2];
	const char *root = argv[1];
	char path[4096], text[64];
	pid_t pid;

	if (argc < 5)
		return 1;
	if (user) {
		/* The maps are written by somebody outside, who may: our parent of the moment. */
		int go[2], told[2];

		CHECK(pipe(go));
		CHECK(pipe(told));
		CHECK(pid = fork());
		if (pid > 0) {
			char byte;

			CHECK(read(told[0], &byte, 1));
			snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
			write_file(path, "0 100000 65536\n");
			snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
			write_file(path, "0 100000 65536\n");
			CHECK(write(go[1], "", 1));
			waitpid(pid, NULL, 0);
			return 0;
		}
		CHECK(unshare(CLONE_NEWUSER));
		CHECK(write(told[1], "", 1));
		CHECK(read(go[0], text, 1));
		CHECK(setresgid(0, 0, 0));
		CHECK(setresuid(0, 0, 0));
	}
	CHECK(unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC));
	CHECK(pipe(ready));
	CHECK(pid = fork());
	if (pid > 0) {
		/* The root's reader is gone once it runs. */
		close(ready[1]);
		printf("%d\n", pid);
		return read(ready[0], text, 1) == 0 ? 0 : 1;
	}
	fcntl(ready[0], F_SETFD, FD_CLOEXEC);
	fcntl(ready[1], F_SETFD, FD_CLOEXEC);
	CHECK(setsid());
	CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	CHECK(mount(root, root, NULL, MS_BIND, NULL));
	snprintf(path, sizeof(path), "%s/program", root);
	copy(argv[3], path);
	for (; at + 1 < argc && strcmp(argv[at], "--"); at += 2)
		bind(argv[at], root, argv[at + 1]);
	snprintf(path, sizeof(path), "%s/proc", root);
	CHECK(mkdir(path, 0755));
	CHECK(mount("proc", path, "proc", 0, NULL));
	snprintf(path, sizeof(path), "%s/old", root);
	CHECK(mkdir(path, 0755));
	CHECK(syscall(SYS_pivot_root, root, path));
	CHECK(chdir("/"));
	CHECK(umount2("/old", MNT_DETACH));
	CHECK(rmdir("/old"));
	CHECK(sethostname("jail", 4));
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	/* Nothing of outside is held: not even the null device. */
	CHECK(open("/program", O_RDONLY));
	CHECK(dup(0));
	CHECK(dup(0));
	argv[at] = "/program";
	execv("/program", argv + at);
	return 1;
}
