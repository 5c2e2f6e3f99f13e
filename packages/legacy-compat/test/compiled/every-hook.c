/*
 * Says what each hook was given, and answers what the environment says: ANSWER=-95. With -DFUNCTIONS it has the structure
 * from before the descriptor.
 */
#define LOG_PREFIX ""
#include "criu-log.h"
#include "criu-plugin.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifdef FUNCTIONS
#define NAMED(hook, function) int function
#else
#define NAMED(hook, function)                    \
	CR_PLUGIN_HOOK__##hook##_t function;     \
	CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__##hook, function) \
	int function
#endif

#ifdef FUNCTIONS
int cr_plugin_init(void)
{
	pr_info("init\n");
	return 0;
}

void cr_plugin_fini(void)
{
	pr_info("fini\n");
}
#else
static int init(int stage)
{
	pr_info("init %d\n", stage);
	return 0;
}

static void leave(int stage, int ret)
{
	pr_info("exit %d %d\n", stage, ret);
}

CR_PLUGIN_REGISTER("every_hook", init, leave)
#endif

static int answer(void)
{
	const char *wanted = getenv("ANSWER");
	return wanted ? atoi(wanted) : 0;
}

/* What the environment says, or else a descriptor. */
static int opened(void)
{
	int other = answer();
	return other ? other : open("/dev/full", O_RDONLY);
}

static int is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

NAMED(DUMP_UNIX_SK, cr_plugin_dump_unix_sk)(int fd, int id)
{
	pr_info("dump_unix_sk %d %u\n", is_open(fd), (unsigned int)id);
	return answer();
}

NAMED(RESTORE_UNIX_SK, cr_plugin_restore_unix_sk)(int id)
{
	pr_info("restore_unix_sk %u\n", (unsigned int)id);
	return opened();
}

NAMED(DUMP_EXT_FILE, cr_plugin_dump_file)(int fd, int id)
{
	pr_info("dump_file %d %#x\n", is_open(fd), (unsigned int)id);
	return answer();
}

NAMED(RESTORE_EXT_FILE, cr_plugin_restore_file)(int id, bool *retry_needed)
{
	pr_info("restore_file %#x %d\n", (unsigned int)id, *retry_needed);
	*retry_needed = getenv("RETRY") != NULL;
	return *retry_needed ? 0 : opened();
}

NAMED(DUMP_EXT_MOUNT, cr_plugin_dump_ext_mount)(char *mountpoint, int id)
{
	pr_info("dump_ext_mount %s %d\n", mountpoint, id);
	return answer();
}

NAMED(RESTORE_EXT_MOUNT, cr_plugin_restore_ext_mount)(int id, char *mountpoint, char *old_root, int *is_file)
{
	pr_info("restore_ext_mount %d %s %s %d\n", id, mountpoint, old_root, is_file != NULL);
	mountpoint[0] = 0; /* they are not const: somebody will write there */
	return answer();
}

NAMED(DUMP_EXT_LINK, cr_plugin_dump_ext_link)(int index, int type, char *kind)
{
	pr_info("dump_ext_link %d %d %s\n", index, type, kind);
	return answer();
}

NAMED(HANDLE_DEVICE_VMA, cr_plugin_handle_device_vma)(int fd, const struct stat *stat)
{
	pr_info("handle_device_vma %d %#o %u:%u\n", is_open(fd), stat->st_mode & S_IFMT, major(stat->st_rdev), minor(stat->st_rdev));
	return answer();
}

NAMED(UPDATE_VMA_MAP, cr_plugin_update_vma_map)(const char *path, const uint64_t addr, const uint64_t old_pgoff, uint64_t *new_pgoff, int *plugin_fd)
{
	pr_info("update_vma_map %s %#lx %#lx %#lx %d\n", path, addr, old_pgoff, *new_pgoff, *plugin_fd);
	if (answer() != 1)
		return answer();
	*new_pgoff = old_pgoff + 0x2000;
	*plugin_fd = getenv("OPENS") ? open("/dev/full", O_RDONLY) : -1;
	return 1;
}

NAMED(RESUME_DEVICES_LATE, cr_plugin_resume_devices_late)(int pid)
{
	pr_info("resume_devices_late %d\n", pid);
	return answer();
}

NAMED(PAUSE_DEVICES, cr_plugin_pause_devices)(int pid)
{
	pr_info("pause_devices %d\n", pid);
	return answer();
}

NAMED(CHECKPOINT_DEVICES, cr_plugin_checkpoint_devices)(int pid)
{
	pr_info("checkpoint_devices %d\n", pid);
	return answer();
}

NAMED(POST_FORKING, cr_plugin_post_forking)(void)
{
	pr_info("post_forking\n");
	return answer();
}

NAMED(RESTORE_INIT, cr_plugin_restore_init)(void)
{
	pr_info("restore_init\n");
	return answer();
}

NAMED(DUMP_DEVICES_LATE, cr_plugin_dump_devices_late)(int id)
{
	pr_info("dump_devices_late %d\n", id);
	return answer();
}
