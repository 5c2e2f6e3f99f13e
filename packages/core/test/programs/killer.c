// No target, but what kills the engine at a chosen moment, more exactly than a script could:
//
//   killer PHASE MICROSECONDS COMMAND…    PHASE `start`: counted from the start of the command
//
// With KILLER_SIGNALS=2,15 it sends these signals instead, one at once after the other, and lets the command end by itself:
// then `signalled MICROSECONDS` comes where they were sent.
//
// Prints the phases that the command went through, each with the microseconds since its start, then `killed` or
// `ended STATUS MICROSECONDS`. The command learns from CRIUJS_PHASE_LOG where to write its phases.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PHASES = 3 };

static long begun;

static long microseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000 - begun;
}

static pid_t start(char **command)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC))
		exit(2);
	begun = microseconds();
	pid_t pid = fork();
	if (pid == 0) {
		int quiet = open("/dev/null", O_RDWR);
		dup2(quiet, 0);
		dup2(quiet, 1);
		dup2(ends[1], PHASES);
		if (ends[1] == PHASES)
			fcntl(PHASES, F_SETFD, 0);
		setenv("CRIUJS_PHASE_LOG", "3", 1);
		execvp(command[0], command);
		_exit(127);
	}
	dup2(ends[0], 0);
	close(ends[0]);
	close(ends[1]);
	fcntl(0, F_SETFL, O_NONBLOCK);
	return pid;
}

// Prints the phases that have come by now. True when the chosen one was among them.
static bool read_phases(const char *chosen)
{
	static char text[4096];
	static size_t length;
	bool found = false;
	ssize_t got;
	while ((got = read(0, text + length, sizeof(text) - 1 - length)) > 0) {
		char *end;
		length += got;
		text[length] = 0;
		while ((end = strchr(text, '\n'))) {
			*end = 0;
			printf("%s %ld\n", text, microseconds());
			found |= strcmp(text, chosen) == 0;
			length -= end + 1 - text;
			memmove(text, end + 1, length + 1);
		}
	}
	return found;
}

// Sends what KILLER_SIGNALS lists. False when there is no such list.
static bool send_signals(pid_t pid)
{
	const char *list = getenv("KILLER_SIGNALS");
	if (!list)
		return false;
	for (char *rest; *list; list = *rest == ',' ? rest + 1 : rest)
		kill(pid, (int)strtol(list, &rest, 10));
	printf("signalled %ld\n", microseconds());
	return true;
}

int main(int count, char **arguments)
{
	if (count < 4)
		return 2;
	const char *phase = arguments[1];
	long delay = atol(arguments[2]), moment = -1;
	int status;
	pid_t pid = start(arguments + 3);
	if (strcmp(phase, "start") == 0)
		moment = delay;
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (read_phases(phase) && moment < 0)
			moment = microseconds() + delay;
		long left = moment < 0 ? 1000 : moment - microseconds();
		if (moment >= 0 && left <= 0 && send_signals(pid)) {
			moment = LONG_MAX;
			continue;
		}
		if (moment >= 0 && left <= 0) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			break;
		}
		// The last moments are waited for awake.
		if (left > 200)
			ppoll(&(struct pollfd){ 0, POLLIN, 0 }, 1, &(struct timespec){ 0, (left < 1000 ? left - 150 : 900) * 1000 }, NULL);
	}
	read_phases(phase);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		printf("killed %ld\n", microseconds());
	else
		printf("ended %d %ld\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), microseconds());
	return 0;
}
