/*
 * A program that holds things of which only plugins know, and answers for them: on SIGUSR1 it writes what it finds to its
 * report, one line a descriptor.
 *
 *   holder REPORT files PATH COUNT        that many open files of one device
 *   holder REPORT tree PATH COUNT TASKS   the same in each of that many processes
 *   holder REPORT socket PATH             a connection to a unix socket
 *   holder REPORT mount PATH              reads PATH/name, the file of a mount
 *   holder REPORT map PATH                a page of a device, mapped
 *   holder REPORT wait                    nothing of its own
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char *report;
static const char *kind = "";
static const char *path = "";
static void *page = MAP_FAILED;

/* What is mapped, and the word in it; reading where nothing is would be an error of write, not of ours. */
static void tell_map(int out)
{
	char line[512], start[32];
	FILE *maps = fopen("/proc/self/maps", "r");

	snprintf(start, sizeof(start), "%lx-", (unsigned long)page);
	while (maps && fgets(line, sizeof(line), maps))
		if (!strncmp(line, start, strlen(start)))
			dprintf(out, "mapped %s", line);
	if (maps)
		fclose(maps);
	if (write(out, page, 8) < 0)
		dprintf(out, "nothing");
}

static void map_page(void)
{
	int fd = open(path, O_RDONLY);

	page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		exit(4);
	close(fd);
}

/* Descriptor, device, status flags, position; and for a mount what its file says. */
static void tell(void)
{
	char name[4096], line[256];
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;
	int out;

	snprintf(name, sizeof(name), "%s.%d.part", report, getpid());
	out = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	while (folder && (entry = readdir(folder))) {
		int fd = atoi(entry->d_name);
		struct stat stat;

		if (entry->d_name[0] == '.' || fd < 3 || fd == out || fd == dirfd(folder) || fstat(fd, &stat))
			continue;
		dprintf(out, "%d %o %lx %o %ld\n", fd, stat.st_mode, (long)stat.st_rdev, fcntl(fd, F_GETFL) & ~0100000,
			(long)lseek(fd, 0, SEEK_CUR));
	}
	if (folder)
		closedir(folder);
	if (!strcmp(kind, "mount")) {
		int file, length;

		snprintf(line, sizeof(line), "%s/name", path);
		file = open(line, O_RDONLY);
		length = file < 0 ? 0 : (int)read(file, line, sizeof(line));
		dprintf(out, "mounted %.*s\n", length < 0 ? 0 : length, line);
		close(file);
	}
	if (!strcmp(kind, "socket")) {
		char answer[32] = "";
		int fd = 3, length;

		length = write(fd, "ping", 4) == 4 ? (int)read(fd, answer, sizeof(answer)) : -1;
		dprintf(out, "socket %.*s\n", length < 0 ? 0 : length, answer);
	}
	if (!strcmp(kind, "map"))
		tell_map(out);
	close(out);
	snprintf(line, sizeof(line), "%s.%d", report, getpid());
	rename(name, line);
}

static void open_files(int count)
{
	struct rlimit limit = { 8192, 8192 };

	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < count; i++)
		if (open(path, O_RDWR | (i % 2 ? O_NONBLOCK : 0)) < 0)
			exit(2);
}

static void connect_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd != 3 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		exit(3);
}

int main(int argc, char **argv)
{
	sigset_t signals;
	int got, tasks = argc > 5 ? atoi(argv[5]) : 0;

	if (argc < 3)
		return 1;
	/* What whoever started the tests has left open is not to be dumped. */
	close_range(3, ~0u, 0);
	report = argv[1];
	kind = argv[2];
	path = argc > 3 ? argv[3] : "";
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	for (int i = 1; i < tasks; i++)
		if (fork() == 0)
			break;
	if (!strcmp(kind, "files") || !strcmp(kind, "tree"))
		open_files(atoi(argv[4]));
	if (!strcmp(kind, "socket"))
		connect_socket();
	if (!strcmp(kind, "map"))
		map_page();
	for (;;) {
		tell();
		sigwait(&signals, &got);
	}
}
