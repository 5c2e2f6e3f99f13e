/* What a plugin in C is made of, as far as reading one needs it: the structure of the descriptor and what the macros do. */
#ifndef HOOKS
#define HOOKS 15
#endif
#ifndef MAX_HOOKS
#define MAX_HOOKS HOOKS
#endif
#ifndef VERSION
#define VERSION 0x200
#endif

typedef struct {
	const char *name;
	int (*init)(int stage);
	void (*exit)(int stage, int ret);
	unsigned int version;
	unsigned int max_hooks;
	void *hooks[HOOKS];
} descriptor;

extern descriptor CR_PLUGIN_DESC;

#define REGISTER(NAME, INIT, EXIT) \
	descriptor CR_PLUGIN_DESC = { .name = NAME, .init = INIT, .exit = EXIT, .version = VERSION, .max_hooks = MAX_HOOKS };

/* The list is empty in the file: it is filled when the object is loaded. */
#define REGISTER_HOOK(NUMBER, FUNCTION) \
	static void __attribute__((constructor)) cr_plugin_register_hook_##FUNCTION(void) \
	{ \
		CR_PLUGIN_DESC.hooks[NUMBER] = (void *)FUNCTION; \
	}

void print_on_level(unsigned int level, const char *format, ...);
int criu_get_image_dir(void);
