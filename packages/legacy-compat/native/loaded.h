/* SPDX-License-Identifier: MIT */
/*
 * The plugin: loaded, and asked what it has.
 */
#ifndef CRIUJS_RUNNER_LOADED_H
#define CRIUJS_RUNNER_LOADED_H

#include "include/criu-plugin.h"
#include <dlfcn.h>

static struct {
	cr_plugin_desc_t *descriptor; /* the plugin's own: no longer than its max_hooks; NULL: it has functions */
	void *functions[CR_PLUGIN_HOOK__MAX];
	cr_plugin_init_t *old_init;
	cr_plugin_fini_t *old_exit;
} plugin;

/* Functions with fixed names, by the hook that each serves. */
static const char *const function_names[CR_PLUGIN_HOOK__MAX] = {
	[CR_PLUGIN_HOOK__DUMP_UNIX_SK] = "cr_plugin_dump_unix_sk",
	[CR_PLUGIN_HOOK__RESTORE_UNIX_SK] = "cr_plugin_restore_unix_sk",
	[CR_PLUGIN_HOOK__DUMP_EXT_FILE] = "cr_plugin_dump_file",
	[CR_PLUGIN_HOOK__RESTORE_EXT_FILE] = "cr_plugin_restore_file",
	[CR_PLUGIN_HOOK__DUMP_EXT_MOUNT] = "cr_plugin_dump_ext_mount",
	[CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT] = "cr_plugin_restore_ext_mount",
	[CR_PLUGIN_HOOK__DUMP_EXT_LINK] = "cr_plugin_dump_ext_link",
	[CR_PLUGIN_HOOK__HANDLE_DEVICE_VMA] = "cr_plugin_handle_device_vma",
	[CR_PLUGIN_HOOK__UPDATE_VMA_MAP] = "cr_plugin_update_vma_map",
	[CR_PLUGIN_HOOK__RESUME_DEVICES_LATE] = "cr_plugin_resume_devices_late",
	[CR_PLUGIN_HOOK__PAUSE_DEVICES] = "cr_plugin_pause_devices",
	[CR_PLUGIN_HOOK__CHECKPOINT_DEVICES] = "cr_plugin_checkpoint_devices",
	[CR_PLUGIN_HOOK__POST_FORKING] = "cr_plugin_post_forking",
	[CR_PLUGIN_HOOK__RESTORE_INIT] = "cr_plugin_restore_init",
	[CR_PLUGIN_HOOK__DUMP_DEVICES_LATE] = "cr_plugin_dump_devices_late",
};

static void *function_of(unsigned int hook)
{
	if (!plugin.descriptor)
		return plugin.functions[hook];
	return hook < plugin.descriptor->max_hooks ? plugin.descriptor->hooks[hook] : NULL;
}

static uint32_t served(void)
{
	uint32_t hooks = 0;

	for (unsigned int hook = 0; hook < CR_PLUGIN_HOOK__MAX; hook++)
		if (function_of(hook))
			hooks |= 1u << hook;
	return hooks;
}

/* Runs the constructors of the plugin. Answers NULL, or why it cannot be loaded. */
static const char *load(const char *file)
{
	/* All symbols at once: one that is missing is better found here than in the middle of a restore. */
	void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return dlerror();
	plugin.descriptor = dlsym(handle, "CR_PLUGIN_DESC");
	if (plugin.descriptor) {
		if (plugin.descriptor->version > CRIU_PLUGIN_VERSION)
			return "its version is newer than any that is known";
		return plugin.descriptor->max_hooks > CR_PLUGIN_HOOK__MAX ? "it has more hooks than are known" : NULL;
	}
	for (unsigned int hook = 0; hook < CR_PLUGIN_HOOK__MAX; hook++)
		plugin.functions[hook] = dlsym(handle, function_names[hook]);
	plugin.old_init = (cr_plugin_init_t *)dlsym(handle, "cr_plugin_init");
	plugin.old_exit = (cr_plugin_fini_t *)dlsym(handle, "cr_plugin_fini");
	return served() || plugin.old_init || plugin.old_exit ? NULL : "it has neither CR_PLUGIN_DESC nor cr_plugin_…";
}

/* Functions from before the descriptor know no stages. */
static int begin(int stage)
{
	if (!plugin.descriptor)
		return plugin.old_init ? plugin.old_init() : 0;
	return plugin.descriptor->init ? plugin.descriptor->init(stage) : 0;
}

static void end(int stage, int result)
{
	if (!plugin.descriptor && plugin.old_exit)
		plugin.old_exit();
	if (plugin.descriptor && plugin.descriptor->exit)
		plugin.descriptor->exit(stage, result);
}

#endif
