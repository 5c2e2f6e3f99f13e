// Pipes with and without a name, in every way that a process can have their ends: both, one only, opened again, with the other
// one shut, not written to yet; with what waits in them, as a stream and in packets; of other sizes; with an owner that gets signals.
// PIPES_PLAIN: without what CRIU does not keep. A tick: all that waits has been read and written again, and owners have heard of it.
#include "target.h"
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>

#define PACKET 4096
#define SIGNAL (SIGRTMIN + 3)

enum {
	BOTH_READ = 10, // a named pipe
	BOTH_WRITE,
	BOTH_AGAIN, // opened once more, without waiting
	SAME, // read and written through one descriptor
	IDLE, // nobody has written yet
	ENDED, // who wrote is gone
	BROKEN, // who read is gone
	LEFT, // the same, and something waits
	GHOST_READ, // its name is gone
	GHOST_WRITE,
	PIPE_READ, // without a name
	PIPE_WRITE,
	PIPE_AGAIN, // opened through /proc
	PACKETS_READ,
	PACKETS_WRITE,
	FULL_READ,
	SHUT_WRITE, // no reader
	SHUT_READ, // no writer
};

static bool plain;
static volatile sig_atomic_t heard[SHUT_READ + 1];
static char full[100000];

static const int packets[] = { 3, 1, PACKET, 1, 5 };

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	if (info->si_fd >= 0 && info->si_fd <= SHUT_READ)
		heard[info->si_fd]++;
}

static void at(int wanted, int fd)
{
	must(dup2(fd, wanted));
	must(close(fd));
}

static int waiting(int fd)
{
	int bytes;
	must(ioctl(fd, FIONREAD, &bytes));
	return bytes;
}

static int events(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN | POLLOUT };
	must(poll(&one, 1, 0));
	return one.revents;
}

static void send_text(int fd, const char *text)
{
	int length = strlen(text);
	expect(must(write(fd, text, length)) == length, "only a part of %s is written to %d", text, fd);
}

static void take_text(int fd, const char *text)
{
	char bytes[64] = "";
	ssize_t length = read(fd, bytes, sizeof(bytes) - 1);
	expect(length == (ssize_t)strlen(text) && !strcmp(bytes, text), "descriptor %d: \"%s\" (%zd) instead of \"%s\"", fd, bytes,
	       length, text);
}

static void owned(int fd)
{
	struct f_owner_ex owner = { F_OWNER_PID, getpid() };
	must(fcntl(fd, F_SETOWN_EX, &owner));
	must(fcntl(fd, F_SETSIG, SIGNAL));
	if (!plain) // CRIU's own restore writes into it
		must(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC));
}

static const char *fifo(const char *name)
{
	must(mkfifo(target_path(name), 0640));
	return target_path(name);
}

static void make_named(void)
{
	const char *path = fifo("both");
	at(BOTH_WRITE, must(open(path, O_RDWR)));
	at(BOTH_READ, must(open(path, O_RDONLY)));
	at(BOTH_WRITE, must(open(path, O_WRONLY)));
	at(BOTH_AGAIN, must(open(path, O_RDONLY | O_NONBLOCK)));
	must(fcntl(BOTH_READ, F_SETPIPE_SZ, 4 * PACKET));
	send_text(BOTH_WRITE, "waits");
	owned(BOTH_READ);
	at(SAME, must(open(fifo("same"), O_RDWR)));
	send_text(SAME, "both ways");
	if (!plain)
		at(IDLE, must(open(fifo("idle"), O_RDONLY | O_NONBLOCK)));
	path = fifo("ended");
	at(ENDED, must(open(path, O_RDONLY | O_NONBLOCK)));
	int end = must(open(path, O_WRONLY));
	send_text(end, "the end");
	must(close(end));
	path = fifo("broken");
	end = must(open(path, O_RDONLY | O_NONBLOCK));
	at(BROKEN, must(open(path, O_WRONLY | O_APPEND)));
	must(close(end));
	if (!plain) {
		path = fifo("left");
		end = must(open(path, O_RDONLY | O_NONBLOCK));
		at(LEFT, must(open(path, O_WRONLY)));
		send_text(LEFT, "left over");
		must(close(end));
	}
	path = fifo("ghost");
	at(GHOST_READ, must(open(path, O_RDONLY | O_NONBLOCK)));
	at(GHOST_WRITE, must(open(path, O_WRONLY)));
	send_text(GHOST_WRITE, "nameless");
	must(unlink(path));
}

static void make_nameless(void)
{
	int ends[2];
	must(pipe2(ends, O_NONBLOCK));
	at(PIPE_READ, ends[0]);
	at(PIPE_WRITE, ends[1]);
	must(fcntl(PIPE_WRITE, F_SETFL, 0));
	if (!plain) { // CRIU may open the other one again instead
		char path[64];
		snprintf(path, sizeof(path), "/proc/self/fd/%d", PIPE_WRITE);
		at(PIPE_AGAIN, must(open(path, O_WRONLY)));
	}
	must(fcntl(PIPE_READ, F_SETPIPE_SZ, 2 * PACKET));
	send_text(plain ? PIPE_WRITE : PIPE_AGAIN, "anonymous");
	owned(PIPE_READ);
	if (!plain) {
		must(pipe2(ends, O_DIRECT));
		at(PACKETS_READ, ends[0]);
		at(PACKETS_WRITE, ends[1]);
		for (unsigned i = 0; i < sizeof(packets) / sizeof(*packets); i++)
			must(write(PACKETS_WRITE, full + i, packets[i]));
		must(pipe(ends));
		at(SHUT_WRITE, ends[1]);
		must(fcntl(SHUT_WRITE, F_SETPIPE_SZ, 2 * PACKET));
		must(close(ends[0]));
	}
	must(pipe2(ends, O_NONBLOCK));
	at(FULL_READ, ends[0]);
	must(fcntl(FULL_READ, F_SETPIPE_SZ, 1 << 17));
	must(write(ends[1], full, sizeof(full)));
	must(close(ends[1]));
	must(pipe(ends));
	at(SHUT_READ, ends[0]);
	send_text(ends[1], "last words");
	must(close(ends[1]));
}

// What cannot be read and written again without other descriptors.
static void check_ends(void)
{
	expect(events(ENDED) == (POLLIN | POLLHUP), "a named pipe whose writer is gone has the events %x", events(ENDED));
	expect(waiting(ENDED) == 7, "%d bytes wait in a named pipe whose writer is gone", waiting(ENDED));
	expect(events(BROKEN) & POLLERR, "a named pipe whose reader is gone has the events %x", events(BROKEN));
	expect(events(SHUT_READ) == (POLLIN | POLLHUP), "a pipe without a writer has the events %x", events(SHUT_READ));
	expect(waiting(SHUT_READ) == 10, "%d bytes wait in a pipe without a writer", waiting(SHUT_READ));
	expect(waiting(FULL_READ) == sizeof(full), "%d bytes wait in the large pipe", waiting(FULL_READ));
	expect(must(fcntl(FULL_READ, F_GETPIPE_SZ)) == 1 << 17, "the large pipe has another size");
	if (plain)
		return;
	// A dump may see the signal, although it is ignored: CRIU does not bear one that waits.
	expect(write(BROKEN, "x", 1) == -1 && errno == EPIPE, "a named pipe without a reader can be written");
	expect(events(IDLE) == 0, "a named pipe that nobody has written to has the events %x", events(IDLE));
	expect(waiting(LEFT) == 9, "%d bytes wait in a named pipe that nobody reads", waiting(LEFT));
	expect(events(SHUT_WRITE) & POLLERR, "a pipe without a reader has the events %x", events(SHUT_WRITE));
	expect(must(fcntl(SHUT_WRITE, F_GETPIPE_SZ)) == 2 * PACKET, "a pipe without a reader has another size");
}

static void check_packets(void)
{
	static char bytes[2 * PACKET];
	for (unsigned i = 0; i < sizeof(packets) / sizeof(*packets); i++) {
		ssize_t length = must(read(PACKETS_READ, bytes, sizeof(bytes)));
		expect(length == packets[i], "packet %u has %zd bytes instead of %d", i, length, packets[i]);
		expect(!memcmp(bytes, full + i, length), "packet %u is not what was written", i);
		expect(must(write(PACKETS_WRITE, full + i, packets[i])) == packets[i], "packet %u cannot be written again", i);
	}
}

static void check_owner(int fd)
{
	struct f_owner_ex owner;
	must(fcntl(fd, F_GETOWN_EX, &owner));
	expect(owner.type == F_OWNER_PID && owner.pid == getpid(), "descriptor %d: signals go to %d", fd, owner.pid);
	expect(must(fcntl(fd, F_GETSIG)) == SIGNAL, "descriptor %d: another signal", fd);
	expect(plain || heard[fd] > 0, "descriptor %d: nobody has been told", fd);
}

static void check_all(void)
{
	heard[BOTH_READ] = heard[PIPE_READ] = 0;
	take_text(BOTH_AGAIN, "waits");
	expect(read(BOTH_AGAIN, full, 1) == -1 && errno == EAGAIN, "more waits in a named pipe");
	send_text(BOTH_WRITE, "waits");
	expect(must(fcntl(BOTH_WRITE, F_GETPIPE_SZ)) == 4 * PACKET, "a named pipe has another size");
	take_text(SAME, "both ways");
	send_text(SAME, "both ways");
	take_text(GHOST_READ, "nameless");
	send_text(GHOST_WRITE, "nameless");
	take_text(PIPE_READ, "anonymous");
	send_text(plain ? PIPE_WRITE : PIPE_AGAIN, "anonymous");
	expect(must(fcntl(PIPE_READ, F_GETPIPE_SZ)) == 2 * PACKET, "a pipe has another size");
	check_owner(BOTH_READ);
	check_owner(PIPE_READ);
	if (!plain)
		check_packets();
	check_ends();
}

static void check_last(void)
{
	take_text(ENDED, "the end");
	expect(must(read(ENDED, full, 1)) == 0, "a named pipe whose writer is gone does not end");
	take_text(SHUT_READ, "last words");
	expect(must(read(SHUT_READ, full, 1)) == 0, "a pipe without a writer does not end");
	static char bytes[sizeof(full)];
	expect(must(read(FULL_READ, bytes, sizeof(bytes))) == sizeof(bytes), "the large pipe does not have all");
	for (unsigned i = 0; i < sizeof(bytes); i++)
		expect(bytes[i] == (char)pattern(i), "byte %u of the large pipe is another", i);
	if (plain)
		return;
	int end = must(open(target_path("left"), O_RDONLY));
	take_text(end, "left over");
	end = must(open(target_path("idle"), O_WRONLY));
	send_text(end, "at last");
	take_text(IDLE, "at last");
}

int main(void)
{
	target_start();
	plain = target_option("PIPES_PLAIN");
	for (unsigned i = 0; i < sizeof(full); i++)
		full[i] = pattern(i);
	must(signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0);
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART };
	must(sigaction(SIGNAL, &action, NULL));
	make_named();
	make_nameless();
	for (unsigned long ticks = 1; !target_finishing();) {
		check_all();
		if (!target_paused())
			target_tick(ticks++);
		rest(5);
	}
	check_last();
	target_say("DONE\n");
	return 0;
}
