/* Needs what only some other program could give it. */
#include "criu-plugin.h"

extern int one_more_function(int id);
extern int another_function(int id);

static int restore_ext_file(int id)
{
	return one_more_function(id) + another_function(id);
}

CR_PLUGIN_REGISTER_DUMMY("unknown-symbols")
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_FILE, restore_ext_file)
