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
	/* Whether questions of a dump may be posted, how many were, and whether one of them was answered that it failed. */
	bool may_post;
	unsigned int posts;
	bool refused;
	/* One byte that is 0 in every fork: pids lie across namespaces, and both sides may be 1. */
	volatile uint8_t *original;
} bridge = { .socket = -1, .bell = -1, .deadline = 10000 };

static union wire_message question;
static union wire_message answer;

/* Names that are in the image's inventory already. */
static char inventory[4096];

/* The bell is rung for one posted question in so many: to wake the plugin host for each would take longer than to ask. */
#define POSTS_A_RING 16

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

/* An answer to what was posted: that it failed, which ends the dump at the next question, or only that somebody is there. */
static void hear_of_post(void)
{
	if (!answer.reply.result || bridge.refused)
		return;
	fail("DUMP_EXT_FILE: %s\n", wire_text(&answer, 0));
	bridge.refused = true;
}

/*
 * Receives the answer to `sequence`, which must be of `type`, and what comes before it: files, and answers to what was posted.
 * 0, or -EIO after a complaint; fd is -1 then. With MSG_DONTWAIT in `flags`, -EAGAIN when there is none yet.
 */
static int receive_answer(const char *what, int socket, int flags, enum wire_type type, uint32_t sequence, int *fd)
{
	static int fds[WIRE_MOST_FILES];
	size_t count;
	int result;

	*fd = -1;
	for (;;) {
		result = wire_receive_files(socket, flags, &answer, fds, WIRE_MOST_FILES, &count);
		if (result == WIRE_FILES)
			store_keep(wire_text(&answer, 0), fds, count);
		else if (result == WIRE_REPLY && !count && bridge.posts > 0 && answer.header.sequence != sequence)
			hear_of_post();
		else
			break;
	}
	if (result == -EAGAIN && flags & MSG_DONTWAIT)
		return -EAGAIN;
	if (result == (int)type && count <= 1 && answer.header.sequence == sequence) {
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
	if (bridge.broken || bridge.refused)
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
	/* One that was posted before this. */
	result = bridge.refused ? -EIO : answer.reply.result;
	if (result > 0 || result < -4095) {
		fail("%s: the plugin host answered %d\n", what, result);
		result = -EIO;
	}
	if (result && result != -ENOTSUP && !bridge.refused)
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

/* Asks, and lets CRIU go on: whether that was right shows later, before the dump counts. */
static int post(const char *path, int sent)
{
	bool ring = bridge.posts++ % POSTS_A_RING == 0;
	int fd = -1, result;

	if (ring && !bridge.broken)
		bridge.broken = receive_answer("DUMP_EXT_FILE", bridge.socket, MSG_DONTWAIT, WIRE_REPLY,
					       question.header.sequence, &fd) != -EAGAIN;
	if (fd >= 0)
		close(fd);
	if (bridge.broken || bridge.refused)
		return -EIO;
	question.hook.about |= WIRE_POSTED;
	if (!wire_end(&question, path, NULL))
		return -ENAMETOOLONG;
	result = wire_send_packet(bridge.socket, MSG_DONTWAIT, &question, sent);
	/* So much waits already that somebody must read it first. */
	if (result == -EAGAIN) {
		result = wire_ring(bridge.bell);
		result = result ? result : wire_send_packet(bridge.socket, 0, &question, sent);
	}
	if (!result && ring)
		result = wire_ring(bridge.bell);
	if (!result)
		return 0;
	bridge.broken = true;
	return complain("DUMP_EXT_FILE", result);
}

#endif
