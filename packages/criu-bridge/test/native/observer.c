/* A compiled plugin beside the bridge, as cuda's is: it notes what it is told in the file that OBSERVER names. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../native/abi.h"

static void note(int hook, int pid)
{
	int fd = open(getenv("OBSERVER"), O_WRONLY | O_CREAT | O_APPEND, 0600);

	dprintf(fd, "%d %d\n", hook, pid);
	close(fd);
}

static int paused(int pid)
{
	note(ABI_PAUSE_DEVICES, pid);
	return 0;
}

static int checkpointed(int pid)
{
	note(ABI_CHECKPOINT_DEVICES, pid);
	return 0;
}

static int resumed(int pid)
{
	note(ABI_RESUME_DEVICES_LATE, pid);
	return 0;
}

__attribute__((visibility("default"))) struct abi_descriptor CR_PLUGIN_DESC = {
	.name = "observer",
	.version = ABI_VERSION,
	.max_hooks = 12,
	.hooks = { [ABI_PAUSE_DEVICES] = paused, [ABI_CHECKPOINT_DEVICES] = checkpointed, [ABI_RESUME_DEVICES_LATE] = resumed },
};
