/*
 * The way to the plugin host: asks a question, waits no longer than the bridge was told, and lets no malformed answer through. What
 * fails is said in CRIU's log here, once; after a broken connection nothing more is asked.
 */
#ifndef CRIUJS_BRIDGE_HOST_H
#define CRIUJS_BRIDGE_HOST_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "abi.h"
#include "store.h"
#include "wire.h"

#define NAME "criujs"
#define say(level, ...) print_on_level(level, NAME ": " __VA_ARGS__)
/* In the form that CRIU gives its own errors. */
#define fail(...) print_on_level(ABI_ERROR, "Error (" NAME "): " __VA_ARGS__)

#define NAME_OF(NAME, function) #NAME,
static const char *const hook_names[ABI_HOOKS] = { ABI_EACH_HOOK(NAME_OF) };

/* What was told in the environment, and what was found out in init. Forks have copies of it. */
static struct {
	char name[64];
	uint8_t token[WIRE_TOKEN];
	int stage;
	unsigned int host_hooks;
	uint32_t deadline;
	/* Of the process that ran init. */
	int socket;
	int bell;
	uint32_t sequence;
	/* After a failure nothing more is asked. */
	bool broken;
	/* Questions of a dump whose answers are still to come, and what was wrong with one that came. */
	bool posted;
	unsigned int waiting;
	int refused;
	/* One byte that is 0 in every fork: pids lie across namespaces, and both sides may be 1. */
	volatile uint8_t *original;
} bridge = { .socket = -1, .bell = -1, .deadline = 10000 };

static union wire_message question;
static union wire_message answer;

/* Names that are in the image's inventory already. */
static char inventory[4096];

/* Questions that are posted and not answered: a socket holds ten packets that nobody has read. */
#define MOST_WAITING 8

static bool is_fork(void)
{
	return !bridge.original || !*bridge.original;
}

/* Opens socket and bell; both are the caller's to close. Answers 0 or a negated error number, and says why. */
static int reach_host(int *socket, int *bell)
{
	int result = wire_connect(criu_get_image_dir(), bridge.name, bridge.deadline, socket, bell);

	if (result)
		fail("the plugin host cannot be reached through %s in the image directory: %s\n", bridge.name, strerror(-result));
	return result;
}

static int say_hello(int socket, int bell, uint32_t flags)
{
	wire_begin(&answer, WIRE_HELLO, ++bridge.sequence);
	memcpy(answer.hello.token, bridge.token, WIRE_TOKEN);
	answer.hello.stage = bridge.stage;
	answer.hello.hooks = bridge.host_hooks;
	answer.hello.flags = flags;
	answer.hello.pid = getpid();
	wire_end(&answer, NULL, NULL);
	return wire_send(socket, bell, &answer, -1);
}

/* Says what went wrong with a connection, in words. */
static int complain(const char *what, int result)
{
	switch (result) {
	case 0:
		fail("%s: the plugin host closed the connection; it has ended, or refuses this bridge\n", what);
		return -EIO;
	case -EAGAIN:
		fail("%s: no answer from the plugin host in %u ms\n", what, bridge.deadline);
		return -EIO;
	case -EPROTONOSUPPORT:
		fail("%s: the plugin host speaks version %u of the protocol, this bridge %u: use packages of one release\n", what,
		     answer.header.version, WIRE_VERSION);
		return -EIO;
	default:
		fail("%s: the connection to the plugin host failed: %s\n", what, strerror(result > 0 ? EBADMSG : -result));
		return -EIO;
	}
}

/*
 * Receives the answer to `sequence` (0: any), which must be of `type`, and the files that come before it. 0, or -EIO after a
 * complaint; fd is -1 then. With MSG_DONTWAIT in `flags`, -EAGAIN when there is none yet.
 */
static int receive_answer(const char *what, int socket, int flags, enum wire_type type, uint32_t sequence, int *fd)
{
	static int fds[WIRE_MOST_FILES];
	size_t count;
	int result;

	*fd = -1;
	while ((result = wire_receive_files(socket, flags, &answer, fds, WIRE_MOST_FILES, &count)) == WIRE_FILES)
		store_keep(wire_text(&answer, 0), fds, count);
	if (result == -EAGAIN && flags & MSG_DONTWAIT)
		return -EAGAIN;
	if (result == (int)type && count <= 1 && (!sequence || answer.header.sequence == sequence)) {
		*fd = count ? fds[0] : -1;
		return 0;
	}
	/* A fork's connection is welcomed only to be refused. */
	if (result == WIRE_WELCOME && type == WIRE_REPLY) {
		fail("%s: the plugin host refused: %s\n", what, wire_text(&answer, 1));
		result = -EACCES;
	}
	while (count > 0)
		close(fds[--count]);
	return complain(what, result);
}

/* The plugin that took something is needed at restore: CRIU's own check of the inventory will say so. */
static void note_plugin(void)
{
	const char *name = wire_text(&answer, 1);
	size_t length = strlen(name);
	size_t used = strlen(inventory);

	if (!length || !add_inventory_plugin || used + length + 3 > sizeof(inventory))
		return;
	for (const char *at = inventory; (at = strstr(at, name)); at++)
		if (at > inventory && at[-1] == '\n' && at[length] == '\n')
			return;
	if (add_inventory_plugin(name)) {
		say(ABI_WARNING, "plugin %s is not in the inventory\n", name);
		return;
	}
	snprintf(inventory + used, sizeof(inventory) - used, "%s%s\n", used ? "" : "\n", name);
}

/*
 * Takes the answers to what was posted, all of them or those that are there, or until no more than `left` wait. The first that
 * is not 0 ends the dump at the next question; the plugin host ends it in any case.
 */
static int settle(unsigned int left, int flags)
{
	while (bridge.waiting > left) {
		int fd, result = receive_answer("DUMP_EXT_FILE", bridge.socket, flags, WIRE_REPLY, 0, &fd);

		if (result == -EAGAIN)
			break;
		bridge.waiting--;
		if (fd >= 0)
			close(fd);
		if (result) {
			bridge.broken = true;
			return result;
		}
		if (!answer.reply.result) {
			note_plugin();
		} else if (!bridge.refused) {
			fail("DUMP_EXT_FILE: %s\n", wire_text(&answer, 0));
			bridge.refused = -EIO;
		}
	}
	return bridge.refused;
}

/*
 * Asks the prepared question, and gives the descriptor that came with the answer (-1: none), which is the caller's. Answers
 * what the host answered, 0 or a negated error number. A positive one never gets through.
 */
static int ask(const char *path, const char *root, int sent, int *received)
{
	const char *what = hook_names[question.hook.hook];
	bool fork = is_fork();
	int socket = bridge.socket, bell = bridge.bell;
	int result;

	*received = -1;
	if (bridge.broken || (!fork && settle(0, 0)))
		return -EIO;
	if (!wire_end(&question, path, root)) {
		fail("%s: a path of more than %d bytes\n", what, WIRE_LONGEST_TEXT);
		return -ENAMETOOLONG;
	}
	if (fork && reach_host(&socket, &bell)) {
		bridge.broken = true;
		return -EIO;
	}
	/* The bell is rung once, for both. */
	result = fork ? say_hello(socket, -1, WIRE_FORKED) : 0;
	if (!result)
		result = wire_send(socket, bell, &question, sent);
	result = result ? complain(what, result) :
			  receive_answer(what, socket, 0, WIRE_REPLY, question.header.sequence, received);
	/* What is left open would be the restored program's. */
	if (fork) {
		close(socket);
		close(bell);
	}
	if (result) {
		bridge.broken = true;
		return result;
	}
	result = answer.reply.result;
	if (result > 0 || result < -4095) {
		fail("%s: the plugin host answered %d\n", what, result);
		result = -EIO;
	}
	if (result && result != -ENOTSUP)
		fail("%s: %s\n", what, wire_text(&answer, 0));
	if (result && *received >= 0) {
		close(*received);
		*received = -1;
	}
	return result;
}

static struct wire_hook *prepare(enum abi_hook hook)
{
	wire_begin(&question, WIRE_HOOK, ++bridge.sequence);
	question.hook.hook = hook;
	question.hook.pid = getpid();
	return &question.hook;
}

/* An answer that its hook does not allow: the plugin host is not to be trusted any more. */
static int refuse_answer(const char *why, int fd)
{
	fail("%s: the plugin host answered %s\n", hook_names[question.hook.hook], why);
	if (fd >= 0)
		close(fd);
	bridge.broken = true;
	return -EIO;
}

/* Asks, and lets CRIU go on: the answer is looked at later, before the dump counts. */
static int post(const char *path, int sent)
{
	int result = bridge.broken ? -EIO : settle(MOST_WAITING, 0);

	result = result ? result : settle(0, MSG_DONTWAIT);
	if (result)
		return result;
	if (!wire_end(&question, path, NULL))
		return -ENAMETOOLONG;
	result = wire_send(bridge.socket, bridge.bell, &question, sent);
	if (result) {
		bridge.broken = true;
		return complain("DUMP_EXT_FILE", result);
	}
	bridge.waiting++;
	return 0;
}

#endif
