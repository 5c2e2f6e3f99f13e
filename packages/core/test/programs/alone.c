// A process whose threads do not have everything in common. ALONE: leader (the main thread has ended), files or directory (a
// thread has descriptors or a working directory of its own). ALONE_CHILD: in a child of the main process. A tick: the threads are there.
#include "target.h"
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>

static const char *how;
static bool is_child;
static volatile bool ready;

static void tick_on(void)
{
	for (unsigned long count = 1; !target_finishing(); count++) {
		if (is_child)
			rest(2);
		else
			target_tick(count);
		rest(2);
	}
}

static const struct {
	const char *how;
	int flag;
} own[] = {
	{ "files", CLONE_FILES },   { "directory", CLONE_FS }, { "network", CLONE_NEWNET },
	{ "host", CLONE_NEWUTS },   { "pids", CLONE_NEWPID },
};

static void *other(void *main_thread)
{
	if (strcmp(how, "leader") == 0) {
		pthread_join(*(pthread_t *)main_thread, NULL);
		ready = true;
		tick_on();
		if (!is_child)
			target_say("DONE\n");
		_exit(0);
	}
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(how, own[i].how) == 0)
			must(unshare(own[i].flag));
	ready = true;
	while (!target_finishing())
		rest(2);
	return NULL;
}

static void go_alone(void)
{
	static pthread_t self;
	pthread_t thread;
	self = pthread_self();
	expect(pthread_create(&thread, NULL, other, &self) == 0, "no thread");
	if (strcmp(how, "leader") == 0)
		pthread_exit(NULL);
	while (!ready)
		rest(1);
	tick_on();
	pthread_join(thread, NULL);
}

int main(void)
{
	target_start();
	how = target_option("ALONE");
	pid_t child = -1;
	if (target_option("ALONE_CHILD")) {
		child = must(fork());
		is_child = child == 0;
		if (is_child)
			must(prctl(PR_SET_PDEATHSIG, SIGKILL));
	}
	if (strcmp(how, "children") == 0)
		must(unshare(CLONE_NEWPID));
	if (child <= 0 && strcmp(how, "children") != 0)
		go_alone();
	else
		tick_on();
	if (is_child)
		_exit(0);
	if (child > 0)
		must(waitpid(child, NULL, 0));
	target_say("DONE\n");
	return 0;
}
