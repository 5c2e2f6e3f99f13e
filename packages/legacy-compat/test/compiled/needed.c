/* Takes nothing and writes nothing: at a dump it says that a restore needs it, and at a restore that the images do. */
#define LOG_PREFIX "needed: "
#include "criu-log.h"
#include "criu-plugin.h"

static const char name[] = "needed_plugin";

static int init(int stage)
{
	if (stage != CR_PLUGIN_STAGE__RESTORE)
		return add_inventory_plugin(name);
	return check_and_remove_inventory_plugin(name, strlen(name)) ? 0 : -1;
}

CR_PLUGIN_REGISTER("needed_plugin", init, NULL)
