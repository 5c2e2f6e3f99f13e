/* SPDX-License-Identifier: MIT */
/*
 * What plugins take from whoever loads them. It comes to the host over the wire.
 */
#ifndef CRIUJS_RUNNER_GIVEN_H
#define CRIUJS_RUNNER_GIVEN_H

#include "include/criu-log.h"
#include "include/criu-plugin.h"
#include "wire.h"
#include <stdarg.h>
#include <stdio.h>

/* Descriptors of the runner's own, out of the plugin's way; -1: there is none. */
static int wire = -1, bell = -1, images = -1;

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

#endif
