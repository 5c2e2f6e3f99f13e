// Pairs of pseudo terminals: with modes, sizes, packets, locks and owners, one end closed, one hung up, and a session that has one as its
// controlling terminal, whose foreground group gets what keys send. A tick: all talk through them.
// PTYS_PLAIN: without what CRIU does not keep. PTYS_NO_LINES: nobody has typed lines ahead.
#include "target.h"
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>

enum { interrupt = 3 }; // ^C
struct pair { int master, slave, number; };
static struct pair raw, packets, canon, locked, ended, hung, full, session;
static int second;
static bool plain, owned, held; // what this user may do

static int number_of(int master)
{
	unsigned number;
	must(ioctl(master, TIOCGPTN, &number));
	return number;
}

static const char *name_of(int number)
{
	static char name[32];
	snprintf(name, sizeof(name), "/dev/pts/%d", number);
	return name;
}

static struct pair make(const char *path, int flags)
{
	struct pair it = { .master = must(open(path, O_RDWR | O_NOCTTY | flags)) };
	must(ioctl(it.master, TIOCSPTLCK, &(int){ 0 }));
	it.number = number_of(it.master);
	it.slave = must(open(name_of(it.number), O_RDWR | O_NOCTTY));
	return it;
}

static void set_raw(int fd, tcflag_t local)
{
	struct termios modes;
	must(tcgetattr(fd, &modes));
	cfmakeraw(&modes);
	modes.c_lflag |= local;
	modes.c_cc[VKILL] = 'k';
	must(tcsetattr(fd, TCSANOW, &modes));
}

static void put(int fd, const char *text) { expect(must(write(fd, text, strlen(text))) == (ssize_t)strlen(text), "a part of %s was written", text); }

static void get(int fd, const char *text)
{
	char bytes[200] = "";
	size_t length = 0;
	while (length < strlen(text)) {
		struct pollfd events = { fd, POLLIN, 0 };
		int ready = poll(&events, 1, 20000);
		// CRIU ends a wait with a time limit that it finds (get_task_regs).
		if (ready == -1 && errno == EINTR)
			continue;
		expect(must(ready) == 1, "nothing comes instead of %s after %s", text, bytes);
		length += must(read(fd, bytes + length, sizeof(bytes) - 1 - length));
	}
	expect(length == strlen(text) && memcmp(bytes, text, length) == 0, "%s came, and not %s", bytes, text);
}

static void sized(int fd, int rows, int columns)
{
	struct winsize size;
	must(ioctl(fd, TIOCGWINSZ, &size));
	expect(size.ws_row == rows && size.ws_col == columns && size.ws_xpixel == 7, "the size is %dx%d", size.ws_row, size.ws_col);
}

static void numbered(struct pair *it)
{
	int number = number_of(it->master);
	expect(number == it->number, "the terminal %d is %d now", it->number, number);
	struct stat there, ours;
	must(stat(name_of(number), &there));
	must(fstat(it->slave, &ours));
	expect(there.st_rdev == ours.st_rdev && there.st_ino == ours.st_ino, "%s is not its slave", name_of(number));
}

static int flag(int fd, unsigned long call)
{
	int value = -1;
	must(ioctl(fd, call, &value));
	return value;
}

static int flags_of(int fd) { return must(fcntl(fd, F_GETFL)) & ~0100000; } // O_LARGEFILE

// What waits: the output has been changed by its modes, and what was typed has had its effects.
static const char *written(void) { return plain ? "unread" : "two\nlines\n"; }
static const char *comes(void) { return plain ? "unread" : "two\r\nlines\r\n"; }
static const char typed[] = "typed \177\025\026\r";

static void fill(void)
{
	put(full.slave, written());
	put(full.master, typed);
	if (!target_option("PTYS_NO_LINES"))
		put(canon.master, plain ? "a lyne\177\177\177ine\nand;" : "a lyne\177\177\177ine\nand;half");
}

static void take(void)
{
	get(full.master, comes());
	get(full.slave, typed);
	if (target_option("PTYS_NO_LINES"))
		return;
	get(canon.slave, "a line\n");
	get(canon.slave, "and;");
	if (plain)
		return;
	// A line that was being typed is edited as before.
	put(canon.master, "\177fway\n");
	get(canon.slave, "halfway\n");
}

// What does not change, and can be looked at.
static void look(void)
{
	struct termios modes;
	numbered(&raw);
	numbered(&packets);
	numbered(&canon);
	numbered(&session);
	expect(number_of(locked.master) == locked.number && number_of(ended.master) == ended.number, "numbers are others");
	must(tcgetattr(raw.master, &modes));
	expect((modes.c_lflag & (ICANON | ECHO)) == 0 && modes.c_cc[VKILL] == 'k', "the modes are others: %x", modes.c_lflag);
	expect(cfgetospeed(&modes) == B9600, "the speed is %d", cfgetospeed(&modes));
	must(tcgetattr(canon.slave, &modes));
	expect((modes.c_lflag & (ICANON | ECHO)) == ICANON && modes.c_cc[VEOL] == ';', "the modes are others: %x", modes.c_lflag);
	sized(raw.slave, 33, 101);
	sized(packets.master, 1, 2);
	expect(flag(raw.master, TIOCGPKT) == 0 && flag(packets.master, TIOCGPKT) == 1, "packets are others");
	expect(flag(raw.master, TIOCGPTLCK) == 0 && flag(locked.master, TIOCGPTLCK) == 1, "locks are others");
	expect(flag(raw.slave, TIOCGEXCL) == 0 && flag(packets.slave, TIOCGEXCL) == !plain, "exclusive ones are others");
	expect(flags_of(raw.master) == (O_RDWR | O_NONBLOCK) && flags_of(raw.slave) == O_RDWR, "flags are others");
	expect(flags_of(second) == (O_WRONLY | O_NONBLOCK), "the flags of the second are %o", flags_of(second));
	struct stat node;
	must(fstat(raw.slave, &node));
	expect((node.st_mode & 07777) == 0624, "the mode is %o", node.st_mode);
	expect(!owned || (node.st_uid == 12 && node.st_gid == 34), "it belongs to %d:%d", node.st_uid, node.st_gid);
	must(ioctl(canon.slave, TIOCGLCKTRMIOS, &modes));
	expect(modes.c_lflag == (held ? ECHO : 0), "locked modes are %x", modes.c_lflag);
	struct pollfd events = { ended.master, POLLIN, 0 };
	expect(plain || (must(poll(&events, 1, 0)) == 1 && events.revents == (POLLHUP | POLLIN)), "the master whose slave was closed: %x", events.revents);
	events = (struct pollfd){ locked.master, POLLIN, 0 };
	expect(must(poll(&events, 1, 0)) == 0, "the master that never had a slave: %x", events.revents);
	char byte;
	expect(read(hung.slave, &byte, 1) == 0, "what is hung up has something to read");
	expect(write(hung.slave, "x", 1) == -1 && errno == EIO, "what is hung up takes something");
}

static void noted(int signal)
{
	(void)signal;
	if (write(session.slave, "I", 1) != 1)
		_exit(5);
}

static void wrong(int signal) { target_fail("%d has got signal %d", getpid(), signal); }

// In the foreground: answers what comes, and tells of each interrupt.
static void foreground(void)
{
	struct sigaction action = { .sa_handler = noted, .sa_flags = SA_RESTART };
	must(sigaction(SIGINT, &action, NULL));
	char byte;
	while (read(session.slave, &byte, 1) == 1 && byte != 'q') {
		byte++;
		if (plain) { // CRIU gives the terminal to the leader alone
			must(write(session.slave, &byte, 1));
			continue;
		}
		int terminal = must(open("/dev/tty", O_RDWR)); // it has one
		expect(must(tcgetpgrp(terminal)) == getpgrp(), "the foreground group is %d", tcgetpgrp(terminal));
		expect(must(tcgetsid(terminal)) == getsid(0), "its session is %d", tcgetsid(terminal));
		must(write(terminal, &byte, 1));
		must(close(terminal));
	}
	_exit(byte == 'q' ? 7 : 6);
}

static void leader(void)
{
	must(prctl(PR_SET_PDEATHSIG, SIGKILL));
	must(setsid());
	must(close(session.slave));
	session.slave = must(open(name_of(session.number), O_RDWR)); // takes it
	must(close(session.master));
	signal(SIGINT, wrong);
	signal(SIGTTOU, SIG_IGN);
	pid_t group = must(fork());
	if (group == 0) {
		must(prctl(PR_SET_PDEATHSIG, SIGKILL));
		must(setpgid(0, 0));
		must(tcsetpgrp(session.slave, getpid()));
		must(write(session.slave, "R", 1));
		foreground();
	}
	int status;
	while (waitpid(-1, &status, 0) == -1)
		expect(errno == EINTR, "waiting answers %s", strerror(errno));
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 8);
}

int main(void)
{
	target_start();
	plain = target_option("PTYS_PLAIN");
	raw = make("/dev/ptmx", O_NONBLOCK);
	set_raw(raw.slave, 0);
	struct termios modes;
	must(tcgetattr(raw.slave, &modes));
	must(cfsetspeed(&modes, B9600));
	must(tcsetattr(raw.slave, TCSANOW, &modes));
	must(ioctl(raw.master, TIOCSWINSZ, &(struct winsize){ 33, 101, 7, 8 }));
	must(fchmod(raw.slave, 0624));
	owned = fchown(raw.slave, 12, 34) == 0;
	second = must(open(name_of(raw.number), O_WRONLY | O_NOCTTY | O_NONBLOCK));
	packets = make(access("/dev/pts/ptmx", R_OK | W_OK) ? "/dev/ptmx" : "/dev/pts/ptmx", 0);
	set_raw(packets.slave, 0);
	must(ioctl(packets.slave, TIOCSWINSZ, &(struct winsize){ 1, 2, 7, 8 }));
	must(ioctl(packets.master, TIOCPKT, &(int){ 1 }));
	if (!plain)
		must(ioctl(packets.slave, TIOCEXCL));
	canon = make("/dev/ptmx", 0);
	must(tcgetattr(canon.slave, &modes));
	modes.c_lflag &= ~ECHO;
	modes.c_cc[VEOL] = ';';
	must(tcsetattr(canon.slave, TCSANOW, &modes));
	held = !plain && ioctl(canon.slave, TIOCSLCKTRMIOS, &(struct termios){ .c_lflag = ECHO }) == 0;
	full = make("/dev/ptmx", 0);
	set_raw(full.slave, 0);
	must(tcgetattr(full.slave, &modes));
	modes.c_oflag |= OPOST | ONLCR;
	must(tcsetattr(full.slave, TCSANOW, &modes));
	fill();
	locked.master = must(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	locked.number = number_of(locked.master);
	hung = make("/dev/ptmx", 0);
	ended = make("/dev/ptmx", 0);
	must(close(hung.master));
	if (!plain)
		put(ended.slave, "last words\n");
	must(close(ended.slave));
	session = make("/dev/ptmx", 0);
	set_raw(session.slave, ISIG);
	must(fcntl(session.master, F_SETFD, FD_CLOEXEC));
	pid_t child = must(fork());
	if (child == 0)
		leader();
	get(session.master, "R");
	for (unsigned long tick = 1; !target_finishing();) {
		look();
		if (!target_paused()) {
			put(raw.master, "to the slave");
			get(raw.slave, "to the slave");
			put(second, "to the master");
			get(raw.master, "to the master");
			put(packets.slave, "in packets");
			char bytes[100];
			ssize_t length = must(read(packets.master, bytes, sizeof(bytes)));
			expect(length == 11 && bytes[0] == TIOCPKT_DATA && memcmp(bytes + 1, "in packets", 10) == 0, "%zd bytes of %d came", length, bytes[0]);
			take();
			fill();
			char byte[2] = { 'A' + tick % 20, 0 }, answer[2] = { byte[0] + 1, 0 };
			put(session.master, byte);
			get(session.master, answer);
			put(session.master, (char[]){ interrupt, 0 });
			get(session.master, "I");
			expect(must(tcgetpgrp(session.master)) != child, "the leader is in the foreground");
			target_tick(tick++);
		}
		rest(3);
	}
	take();
	if (!plain)
		get(ended.master, "last words\r\n");
	expect(plain || (read(ended.master, &(char){ 0 }, 1) == -1 && errno == EIO), "something comes after the last words");
	put(session.master, "q");
	int status;
	must(waitpid(-1, &status, 0)); // it may have another pid by now
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 7, "the child ended with %x", status);
	target_say("DONE\n");
	return 0;
}
