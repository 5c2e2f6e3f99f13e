/*
 * How CRIU and a plugin meet, as far as the bridge needs it. These are facts of the binary interface, found by loading plugins
 * into CRIU and looking at its symbols; no line of CRIU's own headers is in here.
 *
 * CRIU opens every NAME.so of its plugin directory with dlopen and looks for the symbol CR_PLUGIN_DESC. It refuses a plugin
 * with a newer version than its own (since 2014: 0.2.0), or with more hooks than it knows, and the whole run with it. Then it
 * calls init, and afterwards copies the hooks that are not NULL into one chain a hook. The first answer of a chain that is not
 * -ENOTSUP ends it. init and exit are told the stage; exit also how the run went (0: well).
 *
 * How many hooks a CRIU knows is nowhere to be asked. It keeps them in the global cr_plugin_ctl: a list head (two pointers),
 * and one more for each hook. 3.17 has 10, 4.0 has 12, 4.2 has 13, what comes after it 15.
 */
#ifndef CRIUJS_BRIDGE_ABI_H
#define CRIUJS_BRIDGE_ABI_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#define ABI_VERSION 0x000200
#define ABI_LIST_HEAD (2 * sizeof(void *))

/*
 * Hooks in the order of CRIU's numbers, with the name of the function that serves each. Unless another answer is named, it is 0
 * or a negated error number.
 *
 *   DUMP_UNIX_SK         int (int fd, int inode)
 *   RESTORE_UNIX_SK      int (int inode): a descriptor
 *   DUMP_EXT_FILE        int (int fd, int id)
 *   RESTORE_EXT_FILE     int (int id): a descriptor; with 14 hooks and more int (int id, bool *retry)
 *   DUMP_EXT_MOUNT       int (char *mountpoint, int id)
 *   RESTORE_EXT_MOUNT    int (int id, char *mountpoint, char *old_root, int *is_file); is_file is NULL in practice
 *   DUMP_EXT_LINK        int (int index, int type, char *kind), in a fork inside of the target's network namespace
 *   HANDLE_DEVICE_VMA    int (int fd, const struct stat *stat)
 *   UPDATE_VMA_MAP       int (const char *path, uint64_t address, uint64_t old, uint64_t *new, int *fd): 1 is changed
 *   RESUME_DEVICES_LATE, PAUSE_DEVICES, CHECKPOINT_DEVICES, DUMP_DEVICES_LATE   int (int pid)
 *   POST_FORKING, RESTORE_INIT                                                  int (void)
 */
#define ABI_EACH_HOOK(X)                            \
	X(DUMP_UNIX_SK, dump_unix_sk)               \
	X(RESTORE_UNIX_SK, restore_unix_sk)         \
	X(DUMP_EXT_FILE, dump_ext_file)             \
	X(RESTORE_EXT_FILE, restore_ext_file)       \
	X(DUMP_EXT_MOUNT, dump_ext_mount)           \
	X(RESTORE_EXT_MOUNT, restore_ext_mount)     \
	X(DUMP_EXT_LINK, dump_ext_link)             \
	X(HANDLE_DEVICE_VMA, handle_device_vma)     \
	X(UPDATE_VMA_MAP, update_vma_map)           \
	X(RESUME_DEVICES_LATE, resume_devices_late) \
	X(PAUSE_DEVICES, pause_devices)             \
	X(CHECKPOINT_DEVICES, checkpoint_devices)   \
	X(POST_FORKING, post_forking)               \
	X(RESTORE_INIT, restore_init)               \
	X(DUMP_DEVICES_LATE, dump_devices_late)

#define ABI_NUMBER(NAME, function) ABI_##NAME,
enum abi_hook { ABI_EACH_HOOK(ABI_NUMBER) ABI_HOOKS };

/* RESTORE_EXT_FILE has its second argument from this many hooks on. */
#define ABI_HOOKS_WITH_RETRY 14

enum abi_stage { ABI_DUMP, ABI_PRE_DUMP, ABI_RESTORE };

struct abi_descriptor {
	const char *name;
	int (*init)(int stage);
	void (*exit)(int stage, int result);
	uint32_t version;
	uint32_t max_hooks;
	void *hooks[ABI_HOOKS];
};

/* Levels of the log. */
enum abi_level { ABI_ERROR = 1, ABI_WARNING = 2, ABI_INFO = 3, ABI_DEBUG = 4 };

/*
 * What CRIU has for its plugins. The inventory's two came with 4.1. The store keeps descriptors while a restore goes on: any of its
 * tasks gets a descriptor of its own for what another has put in, by the place that add answers.
 */
extern int criu_get_image_dir(void);
extern void print_on_level(unsigned int level, const char *format, ...) __attribute__((format(printf, 2, 3)));
extern int add_inventory_plugin(const char *name) __attribute__((weak));
extern int check_and_remove_inventory_plugin(const char *name, size_t length) __attribute__((weak));
extern int fdstore_add(int fd) __attribute__((weak));
extern int fdstore_get(int place) __attribute__((weak));

#endif
