/* SPDX-License-Identifier: MIT */
/*
 * The interface of compiled CRIU plugins, written anew from its facts: names, numbers, types and the layout of the
 * descriptor. A plugin that is compiled against this file runs under CRIU, and under criujs with
 * @criujs/legacy-compat. For logging see criu-log.h.
 *
 * A plugin registers itself, and each of its hooks, at file scope:
 *
 *	static int dump_file(int fd, int id) { ... }
 *
 *	CR_PLUGIN_REGISTER_DUMMY("example")
 *	CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_FILE, dump_file)
 *
 * and is built with `cc -shared -fPIC -o example.so example.c`. What it takes from whoever loads it stays undefined.
 *
 * Hooks answer 0 when they are done (two of them a descriptor, one of them 0 or 1: see below), -ENOTSUP to pass the
 * resource on to the next plugin, or another negative errno to fail the run.
 */
#ifndef CRIU_PLUGIN_H
#define CRIU_PLUGIN_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Versions of this interface: a byte for each part. A host refuses plugins that are newer than itself. */
#define CRIU_PLUGIN_GEN_VERSION(major, minor, sublevel) (((major) << 16) + ((minor) << 8) + (sublevel))
#define CRIU_PLUGIN_VERSION_MAJOR 0
#define CRIU_PLUGIN_VERSION_MINOR 2
#define CRIU_PLUGIN_VERSION_SUBLEVEL 0
#define CRIU_PLUGIN_VERSION \
	CRIU_PLUGIN_GEN_VERSION(CRIU_PLUGIN_VERSION_MAJOR, CRIU_PLUGIN_VERSION_MINOR, CRIU_PLUGIN_VERSION_SUBLEVEL)
/* What a plugin without a descriptor is given, see the end of this file. */
#define CRIU_PLUGIN_VERSION_OLD CRIU_PLUGIN_GEN_VERSION(0, 1, 0)

/* What the run does. */
enum {
	CR_PLUGIN_STAGE__DUMP = 0,
	CR_PLUGIN_STAGE__PRE_DUMP = 1,
	CR_PLUGIN_STAGE__RESTORE = 2,
	CR_PLUGIN_STAGE_MAX
};

/* The hooks by number; behind each, the first release of CRIU that calls it. */
enum {
	CR_PLUGIN_HOOK__DUMP_UNIX_SK = 0,	  /* 1.1 */
	CR_PLUGIN_HOOK__RESTORE_UNIX_SK = 1,	  /* 1.1; answers a connected socket */
	CR_PLUGIN_HOOK__DUMP_EXT_FILE = 2,	  /* 1.1 */
	CR_PLUGIN_HOOK__RESTORE_EXT_FILE = 3,	  /* 1.1; answers an open descriptor */
	CR_PLUGIN_HOOK__DUMP_EXT_MOUNT = 4,	  /* 1.1 */
	CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT = 5,	  /* 1.1 */
	CR_PLUGIN_HOOK__DUMP_EXT_LINK = 6,	  /* 1.1 */
	CR_PLUGIN_HOOK__HANDLE_DEVICE_VMA = 7,	  /* 3.17 */
	CR_PLUGIN_HOOK__UPDATE_VMA_MAP = 8,	  /* 3.17; 0: unchanged, 1: changed */
	CR_PLUGIN_HOOK__RESUME_DEVICES_LATE = 9,  /* 3.17 */
	CR_PLUGIN_HOOK__PAUSE_DEVICES = 10,	  /* 4.0 */
	CR_PLUGIN_HOOK__CHECKPOINT_DEVICES = 11,  /* 4.0 */
	CR_PLUGIN_HOOK__POST_FORKING = 12,	  /* 4.2 */
	CR_PLUGIN_HOOK__RESTORE_INIT = 13,	  /* after 4.2 */
	CR_PLUGIN_HOOK__DUMP_DEVICES_LATE = 14,	  /* after 4.2 */
	CR_PLUGIN_HOOK__MAX
};

/*
 * How many of the hooks a plugin declares. A CRIU that knows fewer refuses the plugin, and the whole run with it. So the number
 * is that of the highest hook that is registered, counted while the plugin is loaded: every release that has those hooks takes
 * it. A plugin whose own code sets hooks says the number itself: it sets CR_PLUGIN_DESC.max_hooks too, or defines
 * CRIU_PLUGIN_MAX_HOOKS before this file is included (7 up to CRIU 3.16, 10 up to 3.19, 12 in 4.0 and 4.1, 13 in 4.2). Then a
 * hook beyond it does not compile.
 */
#ifdef CRIU_PLUGIN_MAX_HOOKS
#define CRIU_PLUGIN_DECLARED CRIU_PLUGIN_MAX_HOOKS
#define CRIU_PLUGIN_MOST_HOOKS CRIU_PLUGIN_MAX_HOOKS
#else
#define CRIU_PLUGIN_DECLARED 0
#define CRIU_PLUGIN_MOST_HOOKS CR_PLUGIN_HOOK__MAX
#endif

/* volatile keeps it a plain store, which tools find in the compiled file without running it. */
#define CRIU_PLUGIN_COUNTED (*(volatile unsigned int *)&CR_PLUGIN_DESC.max_hooks)

/*
 * The types of the hooks' functions. Nothing checks them at registration: a hook that was written for an older release
 * has fewer arguments, and is as good as ever. To have one checked, declare it by its type:
 *
 *	static CR_PLUGIN_HOOK__DUMP_EXT_FILE_t dump_file;
 */

/* fd: a descriptor of the socket or file, valid during the call. id of a socket: its inode number. */
typedef int CR_PLUGIN_HOOK__DUMP_UNIX_SK_t(int fd, int id);
typedef int CR_PLUGIN_HOOK__RESTORE_UNIX_SK_t(int id);
typedef int CR_PLUGIN_HOOK__DUMP_EXT_FILE_t(int fd, int id);
/* Set *retry_needed and answer 0 to be asked again later. CRIU has the second argument after 4.2: before, it is garbage. */
typedef int CR_PLUGIN_HOOK__RESTORE_EXT_FILE_t(int id, bool *retry_needed);
typedef int CR_PLUGIN_HOOK__DUMP_EXT_MOUNT_t(char *mountpoint, int id);
/* is_file is NULL in practice. */
typedef int CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT_t(int id, char *mountpoint, char *old_root, int *is_file);
typedef int CR_PLUGIN_HOOK__DUMP_EXT_LINK_t(int index, int type, char *kind);
/* fd was opened with O_PATH. */
typedef int CR_PLUGIN_HOOK__HANDLE_DEVICE_VMA_t(int fd, const struct stat *stat);
/* On 1, *new_pgoff is the offset in bytes, and *plugin_fd a descriptor to map, or -1 to open the path. */
typedef int CR_PLUGIN_HOOK__UPDATE_VMA_MAP_t(const char *path, const uint64_t addr, const uint64_t old_pgoff,
					     uint64_t *new_pgoff, int *plugin_fd);
typedef int CR_PLUGIN_HOOK__RESUME_DEVICES_LATE_t(int pid);
typedef int CR_PLUGIN_HOOK__PAUSE_DEVICES_t(int pid);
typedef int CR_PLUGIN_HOOK__CHECKPOINT_DEVICES_t(int pid);
typedef int CR_PLUGIN_HOOK__POST_FORKING_t(void);
typedef int CR_PLUGIN_HOOK__RESTORE_INIT_t(void);
/* id: the pid of the root of the tree. */
typedef int CR_PLUGIN_HOOK__DUMP_DEVICES_LATE_t(int id);

/* What a host looks for in a plugin, by the name CR_PLUGIN_DESC. The order of the fields is the interface. */
typedef struct {
	const char *name;
	int (*init)(int stage);		   /* before any hook; anything but 0 fails the run. NULL: none */
	void (*exit)(int stage, int ret);  /* at the end; ret: 0, or negative when the run failed. NULL: none */
	unsigned int version;
	unsigned int max_hooks;		   /* how many pointers follow */
	void *hooks[CR_PLUGIN_HOOK__MAX];  /* by number; NULL: not served */
} cr_plugin_desc_t;

/* Visible whatever the compiler is told: dlsym(3) has to find it. */
extern __attribute__((visibility("default"))) cr_plugin_desc_t CR_PLUGIN_DESC;

#define CR_PLUGIN_REGISTER(plugin_name, plugin_init, plugin_exit) \
	cr_plugin_desc_t CR_PLUGIN_DESC = {                       \
		plugin_name,                                      \
		plugin_init,                                      \
		plugin_exit,                                      \
		CRIU_PLUGIN_VERSION,                              \
		CRIU_PLUGIN_DECLARED,                             \
		{ NULL },                                         \
	};

/* For plugins that have nothing to prepare and nothing to clean up. */
#define CR_PLUGIN_REGISTER_DUMMY(plugin_name) CR_PLUGIN_REGISTER(plugin_name, NULL, NULL)

/* File scope has no statements: a constructor puts the hook in its place while the plugin is loaded. */
#define CR_PLUGIN_REGISTER_HOOK(hook, function)                                                     \
	__attribute__((constructor)) static void criu_plugin_hook_##function(void)                  \
	{                                                                                           \
		(void)sizeof(char[(hook) < CRIU_PLUGIN_MOST_HOOKS ? 1 : -1]); /* there is room */   \
		if (CRIU_PLUGIN_COUNTED <= (unsigned int)(hook))                                    \
			CRIU_PLUGIN_COUNTED = (unsigned int)(hook) + 1;                             \
		CR_PLUGIN_DESC.hooks[hook] = (void *)function;                                      \
	}

/*
 * What the host gives to a plugin.
 */

/* A descriptor of the image directory, the host's own: use it with openat(2), do not close it. */
extern int criu_get_image_dir(void);

/* Since 4.1: notes at a dump that the images need the plugin of this name. 0, or -1. */
extern int add_inventory_plugin(const char *name);

/* Since 4.1: tells at a restore whether the images need it, by the first n bytes of the name, and ticks it off. */
extern bool check_and_remove_inventory_plugin(const char *name, size_t n);

/*
 * The structure from before the descriptor: functions with fixed names, found by dlsym(3) where CR_PLUGIN_DESC is
 * missing. Hosts warn of it. Files are `file` here, not `ext_file`.
 */
typedef int cr_plugin_init_t(void);
typedef void cr_plugin_fini_t(void);
typedef int cr_plugin_dump_unix_sk_t(int fd, int id);
typedef int cr_plugin_restore_unix_sk_t(int id);
typedef int cr_plugin_dump_file_t(int fd, int id);
typedef int cr_plugin_restore_file_t(int id);
typedef int cr_plugin_dump_ext_mount_t(char *mountpoint, int id);
typedef int cr_plugin_restore_ext_mount_t(int id, char *mountpoint, char *old_root, int *is_file);
typedef int cr_plugin_dump_ext_link_t(int index, int type, char *kind);
typedef int cr_plugin_handle_device_vma_t(int fd, const struct stat *stat);
typedef int cr_plugin_update_vma_map_t(const char *path, const uint64_t addr, const uint64_t old_pgoff,
				       uint64_t *new_pgoff, int *plugin_fd);
typedef int cr_plugin_resume_devices_late_t(int pid);
typedef int cr_plugin_pause_devices_t(int pid);
typedef int cr_plugin_checkpoint_devices_t(int pid);
typedef int cr_plugin_post_forking_t(void);
typedef int cr_plugin_restore_init_t(void);
typedef int cr_plugin_dump_devices_late_t(int id);

#ifdef __cplusplus
}
#endif

#endif
