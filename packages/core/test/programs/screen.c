// A terminal without a person: it runs a command in a pseudo terminal that it shows.
//   keys     what is there is typed, and the file goes
//   screen   all that the command has written
// A tick: a look at both.
#include "target.h"
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

static void type(int master)
{
	int keys = open(target_path("keys"), O_RDONLY);
	if (keys == -1)
		return;
	char bytes[4096];
	ssize_t length = must(read(keys, bytes, sizeof(bytes)));
	must(close(keys));
	must(unlink(target_path("keys")));
	expect(must(write(master, bytes, length)) == length, "a part was typed");
}

static void show(int master, int screen)
{
	struct pollfd events = { master, POLLIN, 0 };
	char bytes[4096];
	while (poll(&events, 1, 0) == 1) {
		ssize_t length = read(master, bytes, sizeof(bytes));
		if (length <= 0)
			return;
		expect(must(write(screen, bytes, length)) == length, "a part was shown");
	}
}

int main(int argc, char **argv)
{
	target_start();
	expect(argc > 1, "there is no command");
	int screen = must(open("screen", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
	int master = must(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
	unsigned number;
	must(ioctl(master, TIOCSPTLCK, &(int){ 0 }));
	must(ioctl(master, TIOCGPTN, &number));
	must(ioctl(master, TIOCSWINSZ, &(struct winsize){ 24, 80, 0, 0 }));
	pid_t child = must(fork());
	if (child == 0) {
		char path[32];
		snprintf(path, sizeof(path), "/dev/pts/%u", number);
		must(setsid());
		signal(SIGINT, SIG_DFL); // a shell without jobs has those in the background ignore them
		signal(SIGQUIT, SIG_DFL);
		int slave = must(open(path, O_RDWR));
		for (int fd = 0; fd < 3; fd++)
			must(dup2(slave, fd));
		syscall(SYS_close_range, 3, ~0U, 0);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	for (unsigned long tick = 1; !target_finishing();) {
		show(master, screen);
		if (!target_paused()) {
			type(master);
			target_tick(tick++);
		}
		rest(3);
	}
	must(close(master));
	int status;
	must(waitpid(-1, &status, 0));
	target_say("DONE\n");
	return 0;
}
