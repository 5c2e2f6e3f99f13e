/* SPDX-License-Identifier: MIT */
/*
 * Loads a compiled plugin and calls it for a host that is another process: whatever the plugin does, it does it here, and
 * not to the host, nor to the engine.
 *
 *	runner FILE [IMAGE-DIRECTORY]
 *
 * Descriptor 3 is the wire to the host (wire.h), 4 the bell that wakes it. The host asks: HELLO loads the plugin and calls its
 * init, HOOK calls a hook, EXIT its exit.
 */
#define _GNU_SOURCE
#include "include/criu-log.h"
#include "include/criu-plugin.h"
#include "wire.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

enum { GIVEN_WIRE = 3, GIVEN_BELL = 4, OWN_FROM = 900 };
enum { STRUCTURE_FUNCTIONS = 1, STRUCTURE_DESCRIPTOR = 2 };

/* Descriptors of ours, out of the plugin's way; -1: there is none. */
static int wire = -1, bell = -1, images = -1;

/*
 * The plugin.
 */

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

/*
 * What plugins take from whoever loads them.
 */

/* The names that the images list as the plugins they need; a name that was asked for is taken off. */
static char listed[WIRE_LONGEST_TEXT + 1];
static bool every_plugin_is_needed = true;

/* A thread of the plugin's may log at any time: a packet is sent as a whole, and there is nothing else to share. */
static void tell(enum wire_type type, uint32_t level, const char *text)
{
	union wire_message message;

	wire_begin(&message, type, 0);
	if (type == WIRE_LOG)
		message.log.level = level;
	if (wire_end(&message, text, NULL))
		wire_send(wire, bell, &message, -1);
}

void print_on_level(unsigned int level, const char *format, ...)
{
	char text[WIRE_LONGEST_TEXT + 1];
	int error = errno;
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(text, sizeof(text), format, arguments) >= 0)
		tell(WIRE_LOG, level, text);
	va_end(arguments);
	errno = error;
}

int criu_get_image_dir(void)
{
	if (images < 0)
		print_on_level(LOG_WARN, "criu_get_image_dir: the images are in a store, which is no directory\n");
	return images;
}

int add_inventory_plugin(const char *name)
{
	if (strnlen(name, sizeof(listed)) > sizeof(listed) - 1 || strchr(name, '\n'))
		return -1;
	tell(WIRE_INVENTORY, 0, name);
	return 0;
}

bool check_and_remove_inventory_plugin(const char *name, size_t n)
{
	if (every_plugin_is_needed)
		return true;
	for (char *line = listed, *next; *line; line = next) {
		next = line + strcspn(line, "\n");
		next += *next == '\n';
		if (strncmp(line, name, strnlen(name, n)))
			continue;
		memmove(line, next, strlen(next) + 1);
		return true;
	}
	return false;
}

/*
 * Calls of hooks, each with its own signature.
 */

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

/*
 * Messages. What was received lies in `received` until it is answered.
 */

static union wire_message received, sent;

/* Whoever does not hear us is gone: there is nothing left to do. */
static void send_or_leave(const char *first, const char *second, int fd)
{
	if (!wire_end(&sent, first, second) || wire_send(wire, bell, &sent, fd))
		_exit(EXIT_FAILURE);
}

static void hello(const char *file)
{
	const struct wire_hello asked = received.hello;
	const char *error;
	int result;

	every_plugin_is_needed = !(asked.flags & WIRE_LISTED);
	strcpy(listed, wire_text(&received, 0)); /* as long as a text may be */
	error = load(file);
	result = error ? -ENOEXEC : asked.flags & WIRE_DESCRIBE ? 0 : begin(asked.stage);
	wire_begin(&sent, WIRE_WELCOME, asked.header.sequence);
	sent.welcome.result = result;
	sent.welcome.served = served(); /* after init: CRIU looks then, too */
	sent.welcome.structure = plugin.descriptor ? STRUCTURE_DESCRIPTOR : STRUCTURE_FUNCTIONS;
	sent.welcome.version = plugin.descriptor ? plugin.descriptor->version : CRIU_PLUGIN_VERSION_OLD;
	sent.welcome.max_hooks = plugin.descriptor ? plugin.descriptor->max_hooks : 0;
	send_or_leave(plugin.descriptor ? plugin.descriptor->name : NULL, error, -1);
}

/* Those of the runner itself are not the plugin's to give away. */
static bool is_open(int fd)
{
	return fd >= 0 && fd != wire && fd != bell && fd != images && fcntl(fd, F_GETFD) != -1;
}

/* Sends a descriptor away, and closes it here. A number that is none makes no sense as an answer. */
static void reply(const struct answer *answer)
{
	bool gives = is_open(answer->fd);

	sent.reply.result = answer->result;
	sent.reply.offset = answer->offset;
	sent.reply.flags = (answer->retry ? WIRE_RETRY : 0) | (answer->changed ? WIRE_CHANGED : 0);
	send_or_leave(answer->fd >= 0 && !gives ? "is no open descriptor" : NULL, NULL, gives ? answer->fd : -1);
	if (gives)
		close(answer->fd);
}

static void hook(int fd)
{
	/* Plugins may write into what C gives them as char *. */
	static char path[WIRE_LONGEST_TEXT + 1], root[WIRE_LONGEST_TEXT + 1];
	const struct wire_hook *asked = &received.hook;
	const uint32_t sequence = asked->header.sequence, number = asked->hook;
	void *function = number < CR_PLUGIN_HOOK__MAX ? function_of(number) : NULL;
	struct answer answer = { .result = -ENOTSUP, .fd = -1 };

	strcpy(path, wire_text(&received, 0));
	strcpy(root, wire_text(&received, 1));
	if (function) {
		const struct call call = {
			.function = function,
			.id = (int)asked->id,
			.kind = asked->kind,
			.fd = fd,
			.path = path,
			.root = root,
			.address = asked->address,
			.offset = asked->offset,
		};

		calls[number](&call, &answer);
	}
	if (fd >= 0)
		close(fd);
	wire_begin(&sent, WIRE_REPLY, sequence);
	reply(&answer);
}

static void leave(void)
{
	const struct wire_exit asked = received.exit;

	end(asked.stage, asked.result);
	wire_begin(&sent, WIRE_REPLY, asked.header.sequence);
	send_or_leave(NULL, NULL, -1);
}

/* The plugin's own descriptors begin at the lowest numbers, and what it starts gets none of ours. */
static int take(int given)
{
	int own = -1;

	/* Where few descriptors are allowed, a smaller number must do. */
	for (int from = OWN_FROM; own < 0 && from > GIVEN_BELL; from /= 2)
		own = fcntl(given, F_DUPFD_CLOEXEC, from);
	if (own >= 0)
		close(given);
	return own;
}

int main(int count, char **arguments)
{
	wire = take(GIVEN_WIRE);
	bell = take(GIVEN_BELL);
	if (count < 2 || count > 3 || wire < 0 || bell < 0) {
		fprintf(stderr, "%s is started by @criujs/legacy-compat, and by nobody else\n", arguments[0]);
		return EXIT_FAILURE;
	}
	fcntl(bell, F_SETFL, O_NONBLOCK);
	if (count == 3) {
		images = take(open(arguments[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		if (images < 0) {
			perror(arguments[2]);
			return EXIT_FAILURE;
		}
	}
	/* A plugin that hangs does not see that its host has gone. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int fd, type = wire_receive(wire, &received, &fd);

		switch (type) {
		case WIRE_HELLO:
			hello(arguments[1]);
			break;
		case WIRE_HOOK:
			hook(fd);
			break;
		case WIRE_EXIT:
			leave();
			return EXIT_SUCCESS; /* as CRIU does, with the plugin's destructors */
		default:
			/* 0: the host has gone. */
			return type == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
		}
	}
}
