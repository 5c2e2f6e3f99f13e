// Holds what the engine knows and cannot dump by itself, and verifies that it is what it was:
//   7, 20   one open file whose name is gone, at a position; a page of it mapped to share, which a child has as memory only,
//           and one mapped privately and changed
//   10      a file with a lock of flock(2), at 10 and 33 in the child as well
//   11      a file of /proc/PID of a process outside of the tree (ASKED_OUTSIDE)
//   12      a UDP socket that begins to send and does not end it (MSG_MORE); at the end somebody sends to it
//   13, 14  two such that lead to each other; at the end they talk
#include "target.h"
#include <linux/kcmp.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { DELETED = 7, DELETED_AGAIN = 20, LOCKED = 10, LOCKED_AGAIN = 33, OF_PROC = 11, HUB = 12, ONE_END = 13, OTHER_END = 14 };
enum { PAGE = 4096, POSITION = 5, CHANGED = 'c', KEPT = 'k' };

static pid_t root, child;
static volatile unsigned long *shared;
static volatile char *private;

static bool same_file(pid_t one, int one_fd, pid_t other, int other_fd)
{
	return must(syscall(SYS_kcmp, one, other, KCMP_FILE, one_fd, other_fd)) == 0;
}

static void move(int fd, int number)
{
	must(dup2(fd, number));
	must(close(fd));
}

static void start_deleted(void)
{
	static char content[2 * PAGE];
	memset(content + PAGE, KEPT, PAGE);
	move(must(open("deleted", O_RDWR | O_CREAT | O_TRUNC, 0600)), DELETED);
	must(dup2(DELETED, DELETED_AGAIN));
	expect(write(DELETED, content, sizeof(content)) == sizeof(content), "cannot write the file");
	must(lseek(DELETED, POSITION, SEEK_SET));
	shared = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, DELETED, 0));
	private = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, DELETED, PAGE));
	private[0] = CHANGED;
	must(unlink("deleted"));
}

static void check_deleted(unsigned long tick)
{
	unsigned long stored;
	char kept[2];
	expect(same_file(root, DELETED, root, DELETED_AGAIN), "the deleted file is two files now");
	expect(lseek(DELETED, 0, SEEK_CUR) == POSITION, "its position is %ld", lseek(DELETED, 0, SEEK_CUR));
	expect(private[0] == CHANGED && private[1] == KEPT, "the private map has %c%c", private[0], private[1]);
	expect(pread(DELETED, kept, 2, PAGE) == 2 && kept[0] == KEPT && kept[1] == KEPT, "the file has %.2s", kept);
	shared[0] = tick;
	expect(pread(DELETED, &stored, sizeof(stored), 0) == sizeof(stored), "the file cannot be read");
	expect(stored == tick, "the shared map is of another file: %lu, not %lu", stored, tick);
	while (shared[1] != tick) {
		expect(waitpid(child, NULL, WNOHANG) == 0, "the child is gone");
		rest(1);
	}
}

static int at_loopback(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0));
	must(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	return fd;
}

static void lead(int from, int to)
{
	struct sockaddr_in address;
	must(getsockname(to, (struct sockaddr *)&address, &(socklen_t){ sizeof(address) }));
	must(connect(from, (struct sockaddr *)&address, sizeof(address)));
}

static void start_sockets(void)
{
	move(at_loopback(), HUB);
	move(at_loopback(), ONE_END);
	move(at_loopback(), OTHER_END);
	lead(ONE_END, OTHER_END);
	lead(OTHER_END, ONE_END);
}

static void talk(int from, int to)
{
	char byte = 0;
	expect(write(from, "x", 1) == 1, "cannot write to a socket: %s", strerror(errno));
	expect(read(to, &byte, 1) == 1 && byte == 'x', "a socket gives %c", byte);
}

static void finish_hub(void)
{
	int caller = at_loopback();
	lead(caller, HUB);
	talk(caller, HUB);
}

// What a plugin has made anew sends nothing.
static void begin_to_send(int fd, const struct sockaddr_in *to)
{
	int unsent;
	must(ioctl(fd, TIOCOUTQ, &unsent));
	if (unsent == 0)
		must(sendto(fd, "x", 1, MSG_MORE, (const struct sockaddr *)to, sizeof(*to)));
}

static void check_sockets(void)
{
	for (int fd = HUB; fd <= OTHER_END; fd++) {
		struct sockaddr_in it;
		socklen_t length = sizeof(it);
		must((fd == HUB ? getsockname : getpeername)(fd, (struct sockaddr *)&it, &length));
		expect(it.sin_port != 0, "the socket %d has no address", fd);
		begin_to_send(fd, &it);
	}
}

static void check_others(void)
{
	char name[5];
	int again = must(open("locked", O_RDWR));
	expect(flock(again, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK, "the lock is gone");
	must(close(again));
	expect(same_file(root, LOCKED, child, LOCKED_AGAIN), "the child's locked file is another one");
	expect(pread(OF_PROC, name, 5, 0) == 5 && memcmp(name, "Name:", 5) == 0, "the file of /proc has %.5s", name);
	check_sockets();
}

// Says what it sees in the shared memory, where it has no descriptor of the file.
__attribute__((noreturn)) static void child_loop(void)
{
	must(dup2(LOCKED, LOCKED_AGAIN));
	for (int fd = DELETED; fd <= DELETED_AGAIN; fd++)
		if (fd != LOCKED)
			close(fd);
	while (getppid() == root) {
		expect(same_file(root, LOCKED, getpid(), LOCKED), "the locked file is another one");
		shared[1] = shared[0];
		rest(1);
	}
	_exit(0);
}

int main(void)
{
	target_start();
	root = getpid();
	start_deleted();
	move(must(open("locked", O_RDWR | O_CREAT, 0600)), LOCKED);
	must(flock(LOCKED, LOCK_EX));
	char path[64];
	snprintf(path, sizeof(path), "/proc/%s/status", target_option("ASKED_OUTSIDE"));
	move(must(open(path, O_RDONLY)), OF_PROC);
	start_sockets();
	if ((child = must(fork())) == 0)
		child_loop();
	while (syscall(SYS_kcmp, root, child, KCMP_FILE, LOCKED, LOCKED_AGAIN) != 0)
		rest(1);

	for (unsigned long tick = 1; !target_finishing(); tick++) {
		while (target_paused())
			rest(10);
		check_deleted(tick);
		check_others();
		target_tick(tick);
		rest(10);
	}
	finish_hub();
	talk(ONE_END, OTHER_END);
	talk(OTHER_END, ONE_END);
	must(kill(child, SIGKILL));
	must(waitpid(child, NULL, 0));
	target_say("DONE\n");
	return 0;
}
