// The console and two virtual terminals, one of which controls a session of its own. A tick: a look at all.
// CONSOLES_PLAIN: without the session, which CRIU does not see where another process has the terminal first.
#include "target.h"
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>

static int console, own, other;

static tcflag_t local(int fd)
{
	struct termios modes;
	must(tcgetattr(fd, &modes));
	return modes.c_lflag;
}

static void leader(void)
{
	must(prctl(PR_SET_PDEATHSIG, SIGKILL));
	must(setsid());
	signal(SIGHUP, SIG_IGN);
	must(ioctl(own, TIOCSCTTY, 0));
	while (target_option("CONSOLES_PLAIN"))
		rest(1000);
	for (;;) {
		int terminal = must(open("/dev/tty", O_RDWR));
		expect(must(tcgetsid(terminal)) == getsid(0) && must(tcgetpgrp(terminal)) == getpgrp(), "it is of session %d", tcgetsid(terminal));
		must(close(terminal));
		rest(3);
	}
}

int main(void)
{
	target_start();
	console = must(open("/dev/console", O_RDWR | O_NOCTTY | O_NONBLOCK));
	own = must(open("/dev/tty40", O_RDWR | O_NOCTTY));
	other = must(open("/dev/tty41", O_RDONLY | O_NOCTTY));
	struct termios modes;
	must(tcgetattr(own, &modes));
	modes.c_lflag &= ~ECHO;
	must(tcsetattr(own, TCSANOW, &modes));
	pid_t child = must(fork());
	if (child == 0)
		leader();
	for (unsigned long tick = 1; !target_finishing();) {
		expect((fcntl(console, F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == (O_RDWR | O_NONBLOCK), "its flags are %o", fcntl(console, F_GETFL));
		expect((local(own) & ECHO) == 0 && (local(other) & ECHO) == ECHO, "the modes are others: %x, %x", local(own), local(other));
		expect(strcmp(ttyname(own), "/dev/tty40") == 0 && strcmp(ttyname(other), "/dev/tty41") == 0, "they are %s", ttyname(other));
		expect(kill(child, 0) == 0 && waitpid(child, NULL, WNOHANG) == 0, "the leader is gone");
		if (!target_paused())
			target_tick(tick++);
		rest(3);
	}
	must(kill(child, SIGKILL));
	must(waitpid(child, NULL, 0));
	target_say("DONE\n");
	return 0;
}
