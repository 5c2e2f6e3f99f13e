/* Asks whether the images need the plugins that the environment names: ASK=one,two. */
#define LOG_PREFIX "asks: "
#include "criu-log.h"
#include "criu-plugin.h"
#include <stdio.h>
#include <stdlib.h>

static int init(int stage)
{
	char names[256];
	snprintf(names, sizeof(names), "%s", getenv("ASK"));
	for (char *name = strtok(names, ","); name; name = strtok(NULL, ",")) {
		if (stage == CR_PLUGIN_STAGE__RESTORE)
			pr_info("%s %d\n", name, check_and_remove_inventory_plugin(name, strlen(name)));
		else if (add_inventory_plugin(name))
			return -1;
	}
	return 0;
}

CR_PLUGIN_REGISTER("asks", init, NULL)
