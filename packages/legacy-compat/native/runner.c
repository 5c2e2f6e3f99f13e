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
#include "calls.h"
#include "given.h"
#include "loaded.h"
#include "wire.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

enum { GIVEN_WIRE = 3, GIVEN_BELL = 4, OWN_FROM = 900 };
enum { STRUCTURE_FUNCTIONS = 1, STRUCTURE_DESCRIPTOR = 2 };

/* What was received lies here until it is answered. */
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
		int directory = open(arguments[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (directory < 0) {
			perror(arguments[2]);
			return EXIT_FAILURE;
		}
		images = take(directory);
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
