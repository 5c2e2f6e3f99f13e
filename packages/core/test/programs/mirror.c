// One of everything: starts other targets, each in a directory of its own, and is the root of them all. Its arguments are their
// commands: a name, words, and `--` between two. A tick: all of them have ticked since the last one, and none has ended.
#include "target.h"
#include <signal.h>
#include <sys/wait.h>

#define MOST 64

static struct part {
	const char *name;
	off_t seen; // of its log
} parts[MOST];
static int count;

// A path in the directory of a part.
static const char *path_of(const struct part *part, const char *name)
{
	static char path[64];
	snprintf(path, sizeof(path), "%s/%s", part->name, name);
	return target_path(path);
}

static void start(char **words)
{
	struct part *part = &parts[count++];
	expect(count < MOST, "too many parts");
	part->name = words[0];
	must(mkdir(target_path(part->name), 0777));
	must(chmod(target_path(part->name), 0777)); // a part may become another user
	char there[PATH_MAX];
	snprintf(there, sizeof(there), "%s", path_of(part, "words"));
	must(link(target_path("words"), there));
	pid_t pid = must(fork());
	if (pid)
		return;
	must(chdir(target_path(part->name)));
	must(setsid());
	execvp(words[1], words + 1);
	target_fail("cannot run %s: %s", words[1], strerror(errno));
}

static void start_all(int argc, char **argv)
{
	for (int at = 1, from = 1; at <= argc; at++) {
		if (at < argc && strcmp(argv[at], "--"))
			continue;
		argv[at] = NULL;
		start(argv + from);
		from = at + 1;
	}
}

// The end of what a part wrote: why it failed, if it says so.
static const char *last_words(const struct part *part)
{
	static char words[512];
	int log = must(open(path_of(part, "log"), O_RDONLY | O_CLOEXEC));
	off_t size = must(lseek(log, 0, SEEK_END)), most = sizeof(words) - 1;
	ssize_t length = must(pread(log, words, most, size > most ? size - most : 0));
	must(close(log));
	words[length] = 0;
	char *fail = strstr(words, "FAIL");
	char *end = strchr(fail ? fail : words, '\n');
	if (fail && end)
		*end = 0;
	return fail;
}

// One of several has failed, and `status` is how it ended.
static void tell_who(int status)
{
	for (int at = 0; at < count; at++)
		expect(!last_words(&parts[at]), "part %s has ended with %x: %s", parts[at].name, status, last_words(&parts[at]));
	target_fail("a part has ended with %x, and says nothing", status);
}

static void verify_alive(void)
{
	int status;
	if (must(waitpid(-1, &status, WNOHANG)))
		tell_who(status);
}

static void each_has(const char *file, bool there)
{
	for (int at = 0; at < count; at++)
		while ((access(path_of(&parts[at], file), F_OK) == 0) != there) {
			verify_alive();
			rest(2);
		}
}

static void ask_each(const char *file)
{
	for (int at = 0; at < count; at++)
		must(close(must(open(path_of(&parts[at], file), O_WRONLY | O_CREAT | O_CLOEXEC, 0666))));
}

static void pause_all(void)
{
	ask_each("pause");
	each_has("paused", true);
}

static void resume_all(void)
{
	for (int at = 0; at < count; at++)
		must(unlink(path_of(&parts[at], "pause")));
	each_has("paused", false);
}

static off_t size_of_log(const struct part *part)
{
	struct stat now;
	return stat(path_of(part, "log"), &now) == 0 ? now.st_size : 0;
}

static void wait_for_ticks(void)
{
	for (int at = 0; at < count; at++) {
		while (size_of_log(&parts[at]) <= parts[at].seen) {
			verify_alive();
			rest(2);
		}
		parts[at].seen = size_of_log(&parts[at]);
	}
}

static void verify_done(const struct part *part)
{
	char last[5];
	int log = must(open(path_of(part, "log"), O_RDONLY | O_CLOEXEC));
	must(lseek(log, -5, SEEK_END));
	expect(read(log, last, 5) == 5 && !memcmp(last, "DONE\n", 5), "%s ended without its last checks", part->name);
	must(close(log));
}

static void finish_all(void)
{
	ask_each("finish");
	for (int at = 0; at < count; at++) {
		int status;
		must(waitpid(-1, &status, 0));
		if (status)
			tell_who(status);
	}
	for (int at = 0; at < count; at++)
		verify_done(&parts[at]);
}

int main(int argc, char **argv)
{
	target_start();
	start_all(argc, argv);
	for (unsigned long tick = 1; !target_finishing(); tick++) {
		if (target_asked("pause")) {
			pause_all();
			while (target_paused())
				rest(5);
			resume_all();
		}
		wait_for_ticks();
		target_tick(tick);
	}
	finish_all();
	target_say("DONE\n");
	return 0;
}
