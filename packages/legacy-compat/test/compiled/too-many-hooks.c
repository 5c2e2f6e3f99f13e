/* From a future in which there are 99 hooks. */
struct {
	const char *name;
	int (*init)(int stage);
	void (*exit)(int stage, int ret);
	unsigned int version, max_hooks;
	void *hooks[99];
} CR_PLUGIN_DESC = { .name = "too-many-hooks", .version = 0x200, .max_hooks = 99 };
