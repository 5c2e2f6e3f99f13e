/*
 * The protocol of @criujs/wire for C: the same table as src/protocol.ts (a test compares them), and the calls that send,
 * take and check messages. PROTOCOL.md says what they mean. Nothing here allocates.
 *
 * Numbers are little-endian, as on every processor that this is built for.
 */
#ifndef CRIUJS_WIRE_H
#define CRIUJS_WIRE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the protocol is little-endian"
#endif

#ifndef O_PATH /* without _GNU_SOURCE */
#define O_PATH 010000000
#endif

#define WIRE_VERSION 1
#define WIRE_MAGIC 0x574a5243u /* "CRJW" */
#define WIRE_LONGEST_MESSAGE 12288
#define WIRE_LONGEST_TEXT 4095
#define WIRE_TOKEN 32
#define WIRE_MOST_TEXTS 2
#define WIRE_MOST_FILES 128

enum wire_type {
	WIRE_HELLO = 1,
	WIRE_WELCOME = 2,
	WIRE_HOOK = 3,
	WIRE_REPLY = 4,
	WIRE_EXIT = 5,
	WIRE_LOG = 6,
	WIRE_INVENTORY = 7,
	WIRE_FILES = 8,
};

enum wire_hello_flag { WIRE_FORKED = 1, WIRE_DESCRIBE = 2, WIRE_LISTED = 4 };
enum wire_welcome_flag { WIRE_MAY_POST = 1 };
enum wire_hook_flag { WIRE_STAT = 1, WIRE_OPEN = 2, WIRE_LINK = 4, WIRE_AHEAD = 8, WIRE_POSTED = 16 };
enum wire_reply_flag { WIRE_RETRY = 1, WIRE_CHANGED = 2, WIRE_MOUNT = 4 };

struct wire_header {
	uint32_t magic;
	uint16_t version;
	uint16_t type;
	uint32_t sequence;
	uint32_t length;
};

struct wire_hello {
	struct wire_header header;
	uint8_t token[WIRE_TOKEN];
	int32_t stage;
	uint32_t hooks;
	uint32_t flags;
	int32_t pid;
	uint32_t texts[1]; /* inventory */
};

struct wire_welcome {
	struct wire_header header;
	int32_t result;
	uint32_t served;
	uint32_t deadline;
	uint32_t structure;
	uint32_t version;
	uint32_t max_hooks;
	uint32_t flags;
	uint32_t texts[2]; /* name, error */
};

struct wire_hook {
	struct wire_header header;
	uint64_t address;
	uint64_t offset;
	uint64_t device;
	uint64_t rdev;
	uint64_t inode;
	uint64_t position;
	uint32_t hook;
	uint32_t id;
	int32_t kind;
	uint32_t mode;
	uint32_t flags;
	int32_t owner_pid;
	int32_t owner_type;
	int32_t owner_signal;
	uint32_t owner_uid;
	uint32_t owner_euid;
	int32_t pid;
	uint32_t about;
	uint32_t texts[2]; /* path, root */
};

struct wire_reply {
	struct wire_header header;
	uint64_t offset;
	int32_t result;
	uint32_t flags;
	uint32_t texts[2]; /* error, plugin */
};

struct wire_exit {
	struct wire_header header;
	int32_t stage;
	int32_t result;
};

struct wire_log {
	struct wire_header header;
	uint32_t level;
	uint32_t texts[1]; /* text */
};

struct wire_inventory {
	struct wire_header header;
	uint32_t texts[1]; /* name */
};

struct wire_files {
	struct wire_header header;
	uint32_t count;
	uint32_t texts[1]; /* ids */
};

/* Room for a message of any type. */
union wire_message {
	struct wire_header header;
	struct wire_hello hello;
	struct wire_welcome welcome;
	struct wire_hook hook;
	struct wire_reply reply;
	struct wire_exit exit;
	struct wire_log log;
	struct wire_inventory inventory;
	struct wire_files files;
	uint8_t bytes[WIRE_LONGEST_MESSAGE];
	uint64_t aligned;
};

/* The form of a type: where its text lengths are, how many, and where the texts begin. */
struct wire_form {
	uint16_t texts_at;
	uint16_t texts;
	uint16_t size;
};

#define WIRE_ALIGN(n) (((n) + 7u) & ~7u)
#define WIRE_FORM(kind, count) { offsetof(struct kind, texts), count, WIRE_ALIGN(offsetof(struct kind, texts) + 4u * (count)) }

/* NULL for a type that does not exist. */
static inline const struct wire_form *wire_form_of(unsigned type)
{
	static const struct wire_form forms[] = {
		[WIRE_HELLO] = WIRE_FORM(wire_hello, 1),
		[WIRE_WELCOME] = WIRE_FORM(wire_welcome, 2),
		[WIRE_HOOK] = WIRE_FORM(wire_hook, 2),
		[WIRE_REPLY] = WIRE_FORM(wire_reply, 2),
		[WIRE_EXIT] = { sizeof(struct wire_exit), 0, sizeof(struct wire_exit) },
		[WIRE_LOG] = WIRE_FORM(wire_log, 1),
		[WIRE_INVENTORY] = WIRE_FORM(wire_inventory, 1),
		[WIRE_FILES] = WIRE_FORM(wire_files, 1),
	};

	return type >= WIRE_HELLO && type <= WIRE_FILES ? &forms[type] : NULL;
}

static inline uint32_t wire_text_length(const union wire_message *message, const struct wire_form *form, unsigned index)
{
	uint32_t length;

	memcpy(&length, message->bytes + form->texts_at + 4u * index, sizeof(length));
	return length;
}

/*
 * Whether `length` received bytes are a message. Answers its type, -EPROTONOSUPPORT for another version of the protocol, or
 * -EBADMSG.
 */
static inline int wire_check(const union wire_message *message, size_t length)
{
	const struct wire_header *header = &message->header;
	const struct wire_form *form;
	size_t at;

	if (length < sizeof(*header) || length > sizeof(message->bytes) || header->magic != WIRE_MAGIC)
		return -EBADMSG;
	if (header->version != WIRE_VERSION)
		return -EPROTONOSUPPORT;
	form = wire_form_of(header->type);
	if (!form || header->length != length || length < form->size)
		return -EBADMSG;
	at = form->size;
	for (unsigned i = 0; i < form->texts; i++) {
		uint32_t text = wire_text_length(message, form, i);

		if (text > WIRE_LONGEST_TEXT || at + text >= length)
			return -EBADMSG;
		if (memchr(message->bytes + at, 0, text + 1) != message->bytes + at + text)
			return -EBADMSG;
		at += text + 1;
	}
	return at == length ? header->type : -EBADMSG;
}

/* A text of a message that wire_check has accepted. It ends with a zero byte. */
static inline const char *wire_text(const union wire_message *message, unsigned index)
{
	const struct wire_form *form = wire_form_of(message->header.type);
	size_t at = form->size;

	for (unsigned i = 0; i < index; i++)
		at += wire_text_length(message, form, i) + 1;
	return (const char *)message->bytes + at;
}

/* Begins a message: everything in it is zero and its texts are empty until wire_end. */
static inline void wire_begin(union wire_message *message, enum wire_type type, uint32_t sequence)
{
	memset(message->bytes, 0, wire_form_of(type)->size);
	message->header.magic = WIRE_MAGIC;
	message->header.version = WIRE_VERSION;
	message->header.type = type;
	message->header.sequence = sequence;
}

/* Ends a message with its texts, as many as its type has (others are ignored); NULL is empty. False when one is too long. */
static inline bool wire_end(union wire_message *message, const char *first, const char *second)
{
	const struct wire_form *form = wire_form_of(message->header.type);
	const char *texts[WIRE_MOST_TEXTS] = { first, second };
	size_t at = form->size;

	for (unsigned i = 0; i < form->texts; i++) {
		const char *text = texts[i] ? texts[i] : "";
		size_t length = strnlen(text, WIRE_LONGEST_TEXT + 1);
		uint32_t field = (uint32_t)length;

		if (length > WIRE_LONGEST_TEXT || at + length + 1 > sizeof(message->bytes))
			return false;
		memcpy(message->bytes + form->texts_at + 4u * i, &field, sizeof(field));
		memcpy(message->bytes + at, text, length);
		message->bytes[at + length] = 0;
		at += length + 1;
	}
	message->header.length = (uint32_t)at;
	return true;
}

/*
 * Sends a message that was ended, with a descriptor unless it is -1. Answers 0 or a negated error number. Waits as long as the
 * socket's SO_SNDTIMEO says. `flags` are sendmsg's.
 */
static inline int wire_send_packet(int socket, int flags, const union wire_message *message, int fd)
{
	struct iovec data = { (void *)(uintptr_t)message->bytes, message->header.length };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control;
	struct msghdr packet = { .msg_iov = &data, .msg_iovlen = 1 };
	ssize_t sent;

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		packet.msg_control = control.bytes;
		packet.msg_controllen = sizeof(control.bytes);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	do
		sent = sendmsg(socket, &packet, MSG_NOSIGNAL | flags);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return -errno;
	return (size_t)sent == message->header.length ? 0 : -EIO;
}

/* Whoever hosts plugins in Node waits for the bell, not for the socket. 0 or a negated error number. */
static inline int wire_ring(int bell)
{
	/* A full one rings already. */
	return write(bell, "", 1) < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
}

/* Sends a message and rings the bell unless that is -1. */
static inline int wire_send(int socket, int bell, const union wire_message *message, int fd)
{
	int result = wire_send_packet(socket, 0, message, fd);

	return result || bell < 0 ? result : wire_ring(bell);
}

/*
 * Takes the next message and the descriptors that came with it, which are the caller's and closed on exec. Answers its type, 0
 * when the other end is closed, or a negated error number: -EAGAIN when there is nothing (in time), those of wire_check, -EBADMSG
 * for more descriptors than `most`. No descriptor is left open unless it answers a type. `flags` are recvmsg's.
 */
static inline int wire_receive_files(int socket, int flags, union wire_message *message, int *fds, size_t most, size_t *count)
{
	struct iovec data = { message->bytes, sizeof(message->bytes) };
	union {
		char bytes[CMSG_SPACE(sizeof(int) * WIRE_MOST_FILES)];
		struct cmsghdr header;
	} control;
	struct msghdr packet = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes) };
	bool too_many = false;
	ssize_t got;
	int type;

	*count = 0;
	do
		got = recvmsg(socket, &packet, MSG_CMSG_CLOEXEC | flags);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == ECONNRESET ? 0 : -errno;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(&packet); part; part = CMSG_NXTHDR(&packet, part)) {
		size_t here = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < here; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(part) + i * sizeof(fd), sizeof(fd));
			if (*count < most) {
				fds[(*count)++] = fd;
			} else {
				close(fd);
				too_many = true;
			}
		}
	}
	if (got == 0)
		type = 0;
	else
		type = too_many || packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EBADMSG : wire_check(message, (size_t)got);
	while (type <= 0 && *count > 0)
		close(fds[--*count]);
	return type;
}

/* The same for messages that have one descriptor at most; -1: none. Waits as long as the socket's SO_RCVTIMEO says. */
static inline int wire_receive(int socket, union wire_message *message, int *fd)
{
	size_t count;
	int type;

	*fd = -1;
	type = wire_receive_files(socket, 0, message, fd, 1, &count);
	if (type <= 0 || count == 0)
		*fd = -1;
	return type;
}

/* How long a socket waits from now on, at both ends. 0 or a negated error number. */
static inline int wire_limit(int socket, uint32_t milliseconds)
{
	struct timeval limit = { milliseconds / 1000, (milliseconds % 1000) * 1000 };

	if (setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)))
		return -errno;
	return 0;
}

/*
 * Connects to NAME.sock in a directory, and opens NAME.bell. An address has 108 bytes and is looked up in the caller's own mount
 * namespace, so the way leads through the directory itself: this process is in it for a moment. Both ends wait `milliseconds` at
 * most. Answers 0 or a negated error number; both descriptors are the caller's then.
 */
static inline int wire_connect(int directory, const char *name, uint32_t milliseconds, int *connected, int *bell)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result = here < 0 ? -errno : 0;

	/* The longer of the two names; both arrays are as long. */
	snprintf(address.sun_path, sizeof(address.sun_path), "%s.bell", name);
	*connected = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	*bell = openat(directory, address.sun_path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	snprintf(address.sun_path, sizeof(address.sun_path), "./%s.sock", name);
	if (!result && (*connected < 0 || *bell < 0 || wire_limit(*connected, milliseconds) || fchdir(directory)))
		result = -errno;
	if (!result && connect(*connected, (const struct sockaddr *)&address, sizeof(address)))
		result = -errno;
	if (here >= 0) {
		if (fchdir(here) && !result)
			result = -errno;
		close(here);
	}
	if (!result)
		return 0;
	if (*connected >= 0)
		close(*connected);
	if (*bell >= 0)
		close(*bell);
	*connected = *bell = -1;
	return result;
}

#endif
