/* SPDX-License-Identifier: MIT */
/*
 * Calls of hooks, each with its own signature.
 */
#ifndef CRIUJS_RUNNER_CALLS_H
#define CRIUJS_RUNNER_CALLS_H

#include "include/criu-plugin.h"
#include <errno.h>
#include <unistd.h>

struct call {
	void *function;
	int id, kind, fd;
	char *path, *root;
	uint64_t address, offset;
};

struct answer {
	int result;
	int fd; /* opened by the plugin for whoever asked; -1: none */
	bool retry, changed;
	uint64_t offset;
};

typedef void call_function(const struct call *call, struct answer *answer);

#define FUNCTION(hook) ((hook##_t *)call->function)

/* Answers of two hooks are descriptors: whether the number is one is found out when it is sent away. */
static void opened(struct answer *answer, int result)
{
	answer->result = result;
	answer->fd = result > STDERR_FILENO ? result : -1;
}

static void dump_unix_sk(const struct call *call, struct answer *answer)
{
	answer->result = FUNCTION(CR_PLUGIN_HOOK__DUMP_UNIX_SK)(call->fd, call->id);
}

static void restore_unix_sk(const struct call *call, struct answer *answer)
{
	opened(answer, FUNCTION(CR_PLUGIN_HOOK__RESTORE_UNIX_SK)(call->id));
}

static void dump_ext_file(const struct call *call, struct answer *answer)
{
	answer->result = FUNCTION(CR_PLUGIN_HOOK__DUMP_EXT_FILE)(call->fd, call->id);
}

/* Functions from before the second argument do not look at it. */
static void restore_ext_file(const struct call *call, struct answer *answer)
{
	bool retry = false;
	int result = FUNCTION(CR_PLUGIN_HOOK__RESTORE_EXT_FILE)(call->id, &retry);

	answer->retry = retry && result == 0;
	if (answer->retry)
		answer->result = 0;
	else
		opened(answer, result);
}

static void dump_ext_mount(const struct call *call, struct answer *answer)
{
	answer->result = FUNCTION(CR_PLUGIN_HOOK__DUMP_EXT_MOUNT)(call->path, call->id);
}

/* is_file is NULL under CRIU as well. */
static void restore_ext_mount(const struct call *call, struct answer *answer)
{
	answer->result = FUNCTION(CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT)(call->id, call->path, call->root, NULL);
}

static void dump_ext_link(const struct call *call, struct answer *answer)
{
	answer->result = FUNCTION(CR_PLUGIN_HOOK__DUMP_EXT_LINK)(call->id, call->kind, call->path);
}

static void handle_device_vma(const struct call *call, struct answer *answer)
{
	struct stat stat;

	answer->result = fstat(call->fd, &stat) ? -errno : FUNCTION(CR_PLUGIN_HOOK__HANDLE_DEVICE_VMA)(call->fd, &stat);
}

static void update_vma_map(const struct call *call, struct answer *answer)
{
	int fd = -1;

	answer->offset = call->offset;
	answer->result = FUNCTION(CR_PLUGIN_HOOK__UPDATE_VMA_MAP)(call->path, call->address, call->offset, &answer->offset, &fd);
	answer->changed = answer->result == 1;
	if (answer->changed && fd >= 0)
		answer->fd = fd;
}

static void on_pid(const struct call *call, struct answer *answer)
{
	answer->result = FUNCTION(CR_PLUGIN_HOOK__PAUSE_DEVICES)(call->id);
}

static void on_nothing(const struct call *call, struct answer *answer)
{
	answer->result = FUNCTION(CR_PLUGIN_HOOK__POST_FORKING)();
}

static call_function *const calls[CR_PLUGIN_HOOK__MAX] = {
	[CR_PLUGIN_HOOK__DUMP_UNIX_SK] = dump_unix_sk,
	[CR_PLUGIN_HOOK__RESTORE_UNIX_SK] = restore_unix_sk,
	[CR_PLUGIN_HOOK__DUMP_EXT_FILE] = dump_ext_file,
	[CR_PLUGIN_HOOK__RESTORE_EXT_FILE] = restore_ext_file,
	[CR_PLUGIN_HOOK__DUMP_EXT_MOUNT] = dump_ext_mount,
	[CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT] = restore_ext_mount,
	[CR_PLUGIN_HOOK__DUMP_EXT_LINK] = dump_ext_link,
	[CR_PLUGIN_HOOK__HANDLE_DEVICE_VMA] = handle_device_vma,
	[CR_PLUGIN_HOOK__UPDATE_VMA_MAP] = update_vma_map,
	[CR_PLUGIN_HOOK__RESUME_DEVICES_LATE] = on_pid,
	[CR_PLUGIN_HOOK__PAUSE_DEVICES] = on_pid,
	[CR_PLUGIN_HOOK__CHECKPOINT_DEVICES] = on_pid,
	[CR_PLUGIN_HOOK__POST_FORKING] = on_nothing,
	[CR_PLUGIN_HOOK__RESTORE_INIT] = on_nothing,
	[CR_PLUGIN_HOOK__DUMP_DEVICES_LATE] = on_pid,
};

#endif
