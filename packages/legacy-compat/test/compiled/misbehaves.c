/*
 * One plugin for everything that a plugin must not do; the environment says what, and where: MISBEHAVE=crash:dump.
 */
#define LOG_PREFIX "misbehaves: "
#include "criu-log.h"
#include "criu-plugin.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int misbehave(const char *where)
{
	const char *wanted = getenv("MISBEHAVE"), *colon = wanted ? strchr(wanted, ':') : NULL;
	if (!colon || strcmp(colon + 1, where) != 0)
		return 0;
	pr_warn("%.*s in %s\n", (int)(colon - wanted), wanted, where);
	switch (wanted[0]) {
	case 'c': /* crash */
		raise(SIGSEGV);
		break;
	case 'a': /* abort */
		abort();
	case 'e': /* exit */
		exit(0);
	case 'h': /* hang */
		for (;;)
			pause();
	case 's': /* spin */
		for (volatile unsigned long turns = 0;; turns++)
			;
	case 'p': /* print */
		printf("said on stdout\n");
		fflush(stdout);
		fprintf(stderr, "said on stderr\n");
		break;
	case 'n': /* no such descriptor */
		return 999;
	case '5':
		return 5;
	case '-': /* an error */
		return -EACCES;
	}
	return 0;
}

__attribute__((constructor)) static void load(void)
{
	misbehave("load");
}

static int init(int stage)
{
	(void)stage;
	return misbehave("init");
}

static void leave(int stage, int ret)
{
	(void)stage;
	(void)ret;
	misbehave("exit");
}

static int dump_ext_file(int fd, int id)
{
	(void)fd;
	(void)id;
	return misbehave("dump");
}

static int restore_ext_file(int id)
{
	(void)id;
	int answer = misbehave("restore");
	return answer ? answer : open("/dev/zero", O_RDONLY);
}

static int pause_devices(int pid)
{
	(void)pid;
	return misbehave("pause");
}

CR_PLUGIN_REGISTER("misbehaves", init, leave)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_FILE, dump_ext_file)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_FILE, restore_ext_file)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__PAUSE_DEVICES, pause_devices)
