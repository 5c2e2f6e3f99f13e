/* The C side of the protocol's tests: shows the layout, judges messages, answers and connects as programs do. */
#include <stdlib.h>

#include "wire.h"

#define FIELD(type, name) printf("%s.%s %zu\n", #type, #name, offsetof(struct wire_##type, name))
#define CODE(name) printf("%s %d\n", #name, (int)name)

static int show_layout(void)
{
	FIELD(header, magic); FIELD(header, version); FIELD(header, type); FIELD(header, sequence); FIELD(header, length);
	FIELD(hello, token); FIELD(hello, stage); FIELD(hello, hooks); FIELD(hello, flags); FIELD(hello, pid);
	FIELD(welcome, result); FIELD(welcome, served); FIELD(welcome, deadline); FIELD(welcome, structure);
	FIELD(welcome, version); FIELD(welcome, max_hooks);
	FIELD(hook, address); FIELD(hook, offset); FIELD(hook, device); FIELD(hook, rdev); FIELD(hook, inode);
	FIELD(hook, position); FIELD(hook, hook); FIELD(hook, id); FIELD(hook, kind); FIELD(hook, mode); FIELD(hook, flags);
	FIELD(hook, owner_pid); FIELD(hook, owner_type); FIELD(hook, owner_signal); FIELD(hook, owner_uid);
	FIELD(hook, owner_euid); FIELD(hook, pid); FIELD(hook, about);
	FIELD(reply, offset); FIELD(reply, result); FIELD(reply, flags);
	FIELD(exit, stage); FIELD(exit, result);
	FIELD(log, level);
	FIELD(hello, texts); FIELD(welcome, texts); FIELD(hook, texts); FIELD(reply, texts); FIELD(log, texts);
	FIELD(inventory, texts); FIELD(welcome, flags); FIELD(files, count); FIELD(files, texts);
	for (unsigned type = 1; wire_form_of(type); type++)
		printf("form %u %u %u\n", type, wire_form_of(type)->size, wire_form_of(type)->texts);
	CODE(WIRE_VERSION); CODE(WIRE_MAGIC); CODE(WIRE_LONGEST_MESSAGE); CODE(WIRE_LONGEST_TEXT); CODE(WIRE_TOKEN);
	CODE(WIRE_FORKED); CODE(WIRE_DESCRIBE); CODE(WIRE_LISTED); CODE(WIRE_STAT); CODE(WIRE_OPEN); CODE(WIRE_LINK);
	CODE(WIRE_MAY_POST); CODE(WIRE_POSTED); CODE(WIRE_AHEAD); CODE(WIRE_MOST_FILES);
	CODE(WIRE_RETRY); CODE(WIRE_CHANGED); CODE(WIRE_MOUNT);
	return 0;
}

/* Messages on standard input, each after its length; one line of judgement for each. */
static int judge(void)
{
	static union wire_message message;
	uint32_t length;

	while (fread(&length, sizeof(length), 1, stdin) == 1) {
		/* A copy of exactly that size, so that a sanitizer sees a byte too far. */
		union wire_message *copy = malloc(length < sizeof(message.header) ? sizeof(message.header) : length);
		int type;

		if (length > sizeof(message.bytes) || !copy || (length && fread(message.bytes, length, 1, stdin) != 1))
			return 2;
		memcpy(copy, message.bytes, length);
		type = wire_check(copy, length);
		printf("%d", type);
		for (unsigned i = 0; type > 0 && i < wire_form_of(type)->texts; i++)
			printf(" %zu", strlen(wire_text(copy, i)));
		printf("\n");
		free(copy);
	}
	return 0;
}

/* Answers every message with a REPLY that says its type, and gives a descriptor back. */
static int answer(void)
{
	static union wire_message message;
	int fd, type;

	while ((type = wire_receive(3, &message, &fd)) > 0) {
		uint32_t sequence = message.header.sequence;

		wire_begin(&message, WIRE_REPLY, sequence);
		message.reply.result = type;
		if (!wire_end(&message, "answered", NULL) || wire_send(3, 4, &message, fd))
			return 3;
		if (fd >= 0)
			close(fd);
	}
	return type == 0 ? 0 : -type;
}

/* Connects as the bridge does, `count` times, each time for one question. */
static int connect_to(const char *directory, const char *name, int count)
{
	static union wire_message message;
	int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < count; i++) {
		int s, bell, fd;

		if (wire_connect(folder, name, 10000, &s, &bell))
			return 5;
		wire_begin(&message, WIRE_HOOK, (uint32_t)i);
		message.hook.id = (uint32_t)i;
		if (!wire_end(&message, "/dev/null", "/") || wire_send(s, bell, &message, s))
			return 6;
		if (wire_receive(s, &message, &fd) != WIRE_REPLY || message.header.sequence != (uint32_t)i || fd < 0)
			return 7;
		close(fd);
		close(bell);
		close(s);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "layout"))
		return show_layout();
	if (argc == 2 && !strcmp(argv[1], "judge"))
		return judge();
	if (argc == 2 && !strcmp(argv[1], "answer"))
		return answer();
	if (argc == 5 && !strcmp(argv[1], "connect"))
		return connect_to(argv[2], argv[3], atoi(argv[4]));
	return 1;
}
