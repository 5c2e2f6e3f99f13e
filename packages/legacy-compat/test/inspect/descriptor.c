#include "plugin.h"

static int start(int stage)
{
	print_on_level(3, "stage %d\n", stage);
	return 0;
}

static void finish(int stage, int ret)
{
	print_on_level(3, "stage %d, %d\n", stage, ret);
}

static int dump_it(int fd, int id)
{
	return fd + id + criu_get_image_dir();
}

/* Seen by others: its address goes through the global offset table. */
int restore_it(int id)
{
	return id;
}

#ifndef EARLY
static volatile int paused, checkpointed;

static int pause_it(int pid)
{
	paused = pid;
	return 0;
}

static int checkpoint_it(int pid)
{
	checkpointed = pid;
	return 0;
}
#endif

REGISTER("device_plugin", start, finish)
REGISTER_HOOK(2, dump_it)
REGISTER_HOOK(3, restore_it)
#ifndef EARLY
REGISTER_HOOK(10, pause_it)
REGISTER_HOOK(11, checkpoint_it)
#endif
