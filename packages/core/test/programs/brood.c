// A process and CHILDREN children of it (3), of which each makes another child when it gets SIGUSR1. The root waits for nobody: who
// is killed is a zombie, or with REAP gone. All of them have what only plugins know:
//   DEVICE    one open file, at numbers 7 and 20, in a child at 33, too; opened a second time by the root, at number 50
//   MAPPED    a page of a device, with no descriptor of it
//   SERVICE   a unix socket of somebody outside, at number 70
// A tick: it runs, and has all of that.
#include "target.h"
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { SHARED = 7, AGAIN = 20, THIRD = 33, OTHER = 50, PEER = 70 };

static volatile sig_atomic_t asked;

static void ask(int signal)
{
	(void)signal;
	asked = 1;
}

static void move(int fd, int number)
{
	must(dup2(fd, number));
	must(close(fd));
}

static void open_device(const char *path, int number)
{
	int fd = open(path, O_RDWR | O_NONBLOCK);
	move(fd >= 0 ? fd : must(open(path, O_RDONLY | O_NONBLOCK)), number);
}

static void connect_service(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = must(socket(AF_UNIX, SOCK_STREAM, 0));
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	move(fd, PEER);
}

// Lives as long as the root, whose end of the pipe nobody else has.
__attribute__((noreturn)) static void live(int root)
{
	for (;;) {
		struct pollfd end = { root, 0, 0 };
		if (poll(&end, 1, 5) == 1)
			_exit(0);
		if (asked) {
			asked = 0;
			must(fork());
		}
	}
}

int main(void)
{
	const char *children = target_option("CHILDREN"), *device = target_option("DEVICE");
	const char *mapped = target_option("MAPPED"), *service = target_option("SERVICE");
	void *page = NULL;
	int ends[2], flags = 0;
	target_start();
	must(pipe(ends));
	if (target_option("REAP"))
		signal(SIGCHLD, SIG_IGN);
	must(sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = ask, .sa_flags = SA_RESTART }, NULL));
	if (device) {
		open_device(device, SHARED);
		must(dup2(SHARED, AGAIN));
	}
	if (mapped) {
		int fd = must(open(mapped, O_RDONLY));
		page = must(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
		must(close(fd));
	}
	if (service)
		connect_service(service);
	for (int left = children ? atoi(children) : 3; left > 0; left--) {
		if (must(fork()))
			continue;
		must(close(ends[1]));
		if (device && left == 1)
			must(dup2(SHARED, THIRD));
		live(ends[0]);
	}
	if (device) {
		open_device(device, OTHER);
		flags = must(fcntl(SHARED, F_GETFL));
	}
	for (unsigned long tick = 1; !target_finishing(); tick++) {
		while (target_paused())
			rest(10);
		if (device)
			for (int fd = SHARED; fd <= OTHER; fd += OTHER - SHARED)
				expect(fcntl(fd, F_GETFL) == flags, "flags of %d: %o", fd, fcntl(fd, F_GETFL));
		if (page)
			must(msync(page, 4096, MS_ASYNC));
		if (service) {
			struct sockaddr_un peer;
			must(getpeername(PEER, (struct sockaddr *)&peer, &(socklen_t){ sizeof(peer) }));
		}
		target_tick(tick);
		rest(10);
	}
	target_say("DONE\n");
	return 0;
}
