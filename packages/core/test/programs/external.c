// Holds what no engine can dump by itself, in three processes, and verifies that it is the same for all of them:
//   DEVICE    one open file, at numbers 7 and 20 in the root, 7 and 33 in one child, 7 in another; opened a second time
//             at number 50, which is a file of its own
//   SEEKABLE  a device with a position, at number 60
//   SERVICE   a unix socket of somebody outside: asked something with every tick, at number 70, and 71 in one child
//   NAME      the path that this socket is bound to
#include "target.h"
#include <linux/kcmp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { SHARED = 7, AGAIN = 20, THIRD = 33, OTHER = 50, POSITIONED = 60, PEER = 70, PEER_AGAIN = 71, OWNER_SIGNAL = 44 };
enum { POSITION = 64 };

static pid_t root;
static int device_flags;

static bool same_file(pid_t one, int one_fd, pid_t other, int other_fd)
{
	int result = must(syscall(SYS_kcmp, one, other, KCMP_FILE, one_fd, other_fd));
	return result == 0;
}

static void move(int fd, int number, int flags)
{
	must(dup3(fd, number, flags));
	must(close(fd));
}

static int open_device(const char *path)
{
	int fd = open(path, O_RDWR | O_NONBLOCK);
	return fd >= 0 ? fd : must(open(path, O_RDONLY | O_NONBLOCK));
}

static void start_device(const char *path)
{
	move(open_device(path), SHARED, 0);
	must(dup3(SHARED, AGAIN, O_CLOEXEC));
	move(open_device(path), OTHER, 0);
	must(fcntl(SHARED, F_SETOWN_EX, &(struct f_owner_ex){ F_OWNER_PID, root }));
	must(fcntl(SHARED, F_SETSIG, OWNER_SIGNAL));
	device_flags = must(fcntl(SHARED, F_GETFL));
}

static void check_device(void)
{
	struct f_owner_ex owner;
	expect(same_file(root, SHARED, root, AGAIN), "the device's two numbers are two files now");
	expect(!same_file(root, SHARED, root, OTHER), "the device's two files are one now");
	for (int i = 0; i < 2; i++) {
		int fd = i ? SHARED : OTHER;
		expect(fcntl(fd, F_GETFL) == device_flags, "flags of %d: %o, not %o", fd, fcntl(fd, F_GETFL), device_flags);
	}
	expect(fcntl(AGAIN, F_GETFD) == FD_CLOEXEC && fcntl(SHARED, F_GETFD) == 0, "close-on-exec of the device");
	must(fcntl(SHARED, F_GETOWN_EX, &owner));
	expect(owner.type == F_OWNER_PID && owner.pid == root, "owner of the device: %d of type %d", owner.pid, owner.type);
	expect(fcntl(SHARED, F_GETSIG) == OWNER_SIGNAL, "the device's signal is %d", fcntl(SHARED, F_GETSIG));
	must(fcntl(OTHER, F_GETOWN_EX, &owner));
	expect(owner.pid == 0, "the other file has an owner: %d", owner.pid);
}

static void start_service(const char *path, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX }, own = { .sun_family = AF_UNIX };
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	int fd = must(socket(AF_UNIX, SOCK_STREAM, 0));
	if (name) {
		strncpy(own.sun_path, name, sizeof(own.sun_path) - 1);
		must(bind(fd, (struct sockaddr *)&own, sizeof(own)));
	}
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	move(fd, PEER, 0);
}

static void check_name(const char *name)
{
	struct sockaddr_un own = { .sun_path = "" };
	socklen_t size = sizeof(own);
	must(getsockname(PEER, (struct sockaddr *)&own, &size));
	expect(!strcmp(own.sun_path, name), "the socket is called '%s'", own.sun_path);
	must(access(name, F_OK));
}

// What was on its way while the connection was cut is lost, as over any network: then it asks again.
static void ask_service(unsigned long tick)
{
	static char answers[256];
	static size_t length;
	for (;;) {
		char question[32], *end;
		snprintf(question, sizeof(question), "%lu\n", tick);
		must(write(PEER, question, strlen(question)));
		while (poll(&(struct pollfd){ PEER, POLLIN, 0 }, 1, 1000) > 0) {
			// Between the two calls the connection may have become another one, on which nothing waits.
			ssize_t got = recv(PEER, answers + length, sizeof(answers) - 1 - length, MSG_DONTWAIT);
			expect(got > 0 || (got == -1 && (errno == EINTR || errno == EAGAIN)), "the service is gone: %zd %s", got, strerror(errno));
			length += got > 0 ? got : 0;
			answers[length] = 0;
			while ((end = strchr(answers, '\n'))) {
				unsigned long answered = strtoul(answers, NULL, 10);
				expect(strncmp(end - 4, " yes", 4) == 0 && answered <= tick, "the service answered '%s' to %lu", answers, tick);
				length -= end + 1 - answers;
				memmove(answers, end + 1, length + 1);
				if (answered == tick)
					return;
			}
		}
		length = 0;
	}
}

// Writes a byte for every time that it has verified itself.
__attribute__((noreturn)) static void child_loop(int progress, int own_number, int peer_number)
{
	while (getppid() == root) {
		if (device_flags) {
			expect(same_file(root, SHARED, getpid(), SHARED), "a child's device is not the root's any more");
			expect(same_file(root, SHARED, getpid(), own_number), "a child's other number is not the root's device");
		}
		if (peer_number)
			expect(same_file(root, PEER, getpid(), peer_number), "a child's socket is not the root's any more");
		if (write(progress, "+", 1) != 1)
			break;
	}
	_exit(9);
}

static int start_child(int own_number, int peer_number)
{
	int progress[2];
	must(pipe(progress));
	must(fcntl(progress[0], F_SETPIPE_SZ, 4096));
	if (must(fork())) {
		must(close(progress[1]));
		return progress[0];
	}
	must(close(progress[0]));
	signal(SIGPIPE, SIG_IGN);
	if (device_flags) {
		must(close(AGAIN));
		must(close(OTHER));
		must(dup2(SHARED, own_number));
	}
	if (peer_number)
		must(dup2(PEER, peer_number));
	child_loop(progress[1], own_number, peer_number);
}

static void drain(int progress)
{
	char bytes[4096 + 1];
	// More than a pipe of 4096 bytes holds: the child must have run since.
	for (size_t total = 0; total < sizeof(bytes);) {
		ssize_t got = read(progress, bytes, sizeof(bytes) - total);
		if (got == -1 && errno == EINTR)
			continue;
		expect(got > 0, "a child is gone: %zd %s", got, strerror(errno));
		total += got;
	}
}

int main(void)
{
	const char *device = target_option("DEVICE"), *seekable = target_option("SEEKABLE"), *service = target_option("SERVICE");
	const char *name = target_option("NAME");
	target_start();
	root = getpid();
	if (device)
		start_device(device);
	if (seekable) {
		move(must(open(seekable, O_RDONLY)), POSITIONED, 0);
		must(lseek(POSITIONED, POSITION, SEEK_SET));
	}
	if (service)
		start_service(service, name);
	int one = start_child(THIRD, service ? PEER_AGAIN : 0), other = start_child(SHARED, 0);

	for (unsigned long tick = 1; !target_finishing(); tick++) {
		while (target_paused())
			rest(10);
		if (device)
			check_device();
		if (seekable)
			expect(lseek(POSITIONED, 0, SEEK_CUR) == POSITION, "position of the device: %ld", lseek(POSITIONED, 0, SEEK_CUR));
		if (name)
			check_name(name);
		if (service)
			ask_service(tick);
		drain(one);
		drain(other);
		target_tick(tick);
		rest(10);
	}
	close(one);
	close(other);
	for (int i = 0; i < 2; i++) {
		int status;
		must(wait(&status));
		expect(WIFEXITED(status) && WEXITSTATUS(status) == 9, "a child ended with %#x", status);
	}
	target_say("DONE\n");
	return 0;
}
