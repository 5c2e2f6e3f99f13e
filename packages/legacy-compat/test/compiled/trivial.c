/*
 * The plugin that CRIU's plugins were announced with: it logs what it is asked for, and takes nothing.
 */
#define LOG_PREFIX "trivial: "
#include "criu-log.h"
#include "criu-plugin.h"

static int init(int stage)
{
	pr_info("init of stage %d\n", stage);
	return 0;
}

static void leave(int stage, int ret)
{
	pr_info("exit of stage %d: %s\n", stage, ret ? "it failed" : "it went well");
}

static int dump_ext_file(int fd, int id)
{
	(void)fd;
	pr_info("dump_ext_file %#x\n", id);
	return -ENOTSUP;
}

static int dump_unix_sk(int fd, int id)
{
	(void)fd;
	pr_info("dump_unix_sk %d\n", id);
	return -ENOTSUP;
}

static int restore_ext_file(int id)
{
	pr_info("restore_ext_file %#x\n", id);
	return -ENOTSUP;
}

static int restore_unix_sk(int id)
{
	pr_info("restore_unix_sk %d\n", id);
	return -ENOTSUP;
}

static int pause_devices(int pid)
{
	pr_info("pause_devices %d\n", pid);
	return -ENOTSUP;
}

static int checkpoint_devices(int pid)
{
	pr_info("checkpoint_devices %d\n", pid);
	return -ENOTSUP;
}

static int resume_devices_late(int pid)
{
	pr_info("resume_devices_late %d\n", pid);
	return -ENOTSUP;
}

CR_PLUGIN_REGISTER("trivial", init, leave)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_FILE, dump_ext_file)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_UNIX_SK, dump_unix_sk)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_FILE, restore_ext_file)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_UNIX_SK, restore_unix_sk)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__PAUSE_DEVICES, pause_devices)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__CHECKPOINT_DEVICES, checkpoint_devices)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESUME_DEVICES_LATE, resume_devices_late)
