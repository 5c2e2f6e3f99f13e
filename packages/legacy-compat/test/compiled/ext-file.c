/*
 * Devices that no engine knows, with a descriptor. At a restore it asks whether the images need it, as the plugins that
 * come with CRIU do.
 */
#define LOG_PREFIX "ext-file: "
#define KEPT_AS "ext-file"
#include "keep-file.h"

static bool needed;

static int init(int stage)
{
	if (stage == CR_PLUGIN_STAGE__RESTORE) {
		needed = check_and_remove_inventory_plugin(CR_PLUGIN_DESC.name, strlen(CR_PLUGIN_DESC.name));
		pr_info("the images %s it\n", needed ? "need" : "do not need");
	}
	return 0;
}

static void leave(int stage, int ret)
{
	pr_info("exit of stage %d, %d\n", stage, ret);
}

static int dump_ext_file(int fd, int id)
{
	int result = keep_file(fd, id);
	if (result == 0 && !needed && add_inventory_plugin(CR_PLUGIN_DESC.name) == 0)
		needed = true;
	return result;
}

static int restore_ext_file(int id)
{
	return needed ? bring_file_back(id) : -ENOTSUP;
}

CR_PLUGIN_REGISTER("ext-file", init, leave)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_FILE, dump_ext_file)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_FILE, restore_ext_file)
