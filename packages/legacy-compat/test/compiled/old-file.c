/*
 * Devices that no engine knows, in the structure from before the descriptor.
 */
#define LOG_PREFIX "old-file: "
#define KEPT_AS "old-file"
#include "keep-file.h"

cr_plugin_init_t cr_plugin_init;
cr_plugin_fini_t cr_plugin_fini;
cr_plugin_dump_file_t cr_plugin_dump_file;
cr_plugin_restore_file_t cr_plugin_restore_file;

int cr_plugin_init(void)
{
	pr_info("init\n");
	return 0;
}

void cr_plugin_fini(void)
{
	pr_info("fini\n");
}

int cr_plugin_dump_file(int fd, int id)
{
	return keep_file(fd, id);
}

int cr_plugin_restore_file(int id)
{
	return bring_file_back(id);
}
