/* From a future in which the interface has another version. */
#include "criu-plugin.h"

cr_plugin_desc_t CR_PLUGIN_DESC = {
	.name = "too-new",
	.version = CRIU_PLUGIN_GEN_VERSION(0, 3, 0),
	.max_hooks = CR_PLUGIN_HOOK__MAX,
};
