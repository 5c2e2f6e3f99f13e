#include <stdio.h>

int cr_plugin_init(void)
{
	return puts("init") < 0;
}

void cr_plugin_fini(void)
{
}

int cr_plugin_dump_file(int fd, int id)
{
	return fd + id;
}

int cr_plugin_restore_file(int id)
{
	return id;
}

int cr_plugin_dump_ext_file(int fd, int id)
{
	return fd - id;
}

/* Nobody sees it. */
__attribute__((used)) static int cr_plugin_dump_unix_sk(int fd, int id)
{
	return fd * id;
}
