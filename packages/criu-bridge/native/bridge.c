/*
 * The bridge: a plugin of CRIU that carries hooks to plugins in TypeScript, over the protocol of @criujs/wire. It decides
 * nothing itself; it measures its host, asks, waits no longer than it was told, and lets no answer through that its hook does
 * not allow. It runs inside of CRIU, where a crash leaves a target broken: it allocates nothing after init, and keeps to what
 * can be seen to be right.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>

#include "abi.h"
#include "wire.h"

#define NAME "criujs"
#define say(level, ...) print_on_level(level, NAME ": " __VA_ARGS__)
#define fail(...) say(ABI_ERROR, __VA_ARGS__)

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
	/* One byte that is 0 in every fork: pids lie across namespaces, and both sides may be 1. */
	volatile uint8_t *original;
} bridge = { .socket = -1, .bell = -1, .deadline = 10000 };

static union wire_message question;
static union wire_message answer;

/* Names that are in the image's inventory already. */
static char inventory[4096];

static bool is_fork(void)
{
	return !bridge.original || !*bridge.original;
}

static int open_socket(void)
{
	struct timeval limit = { bridge.deadline / 1000, (bridge.deadline % 1000) * 1000 };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit))) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

/*
 * Connects to the socket in the image directory. An address has 108 bytes and is looked up in this task's own mount namespace,
 * so the way leads through the directory itself, which CRIU holds open.
 */
static int connect_in(int directory, int fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result = 0;

	if (here < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "./%s.sock", bridge.name);
	if (fchdir(directory) || connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		result = -errno;
	if (fchdir(here) && !result)
		result = -errno;
	close(here);
	return result;
}

/* Opens socket and bell; both are the caller's to close. Answers 0 or a negated error number, and says why. */
static int reach_host(int *socket, int *bell)
{
	char path[sizeof(bridge.name) + 8];
	int directory = criu_get_image_dir();
	int result;

	snprintf(path, sizeof(path), "%s.bell", bridge.name);
	*socket = open_socket();
	if (*socket < 0) {
		fail("no socket: %s\n", strerror(-*socket));
		return *socket;
	}
	*bell = openat(directory, path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	result = *bell < 0 ? -errno : connect_in(directory, *socket);
	if (!result)
		return 0;
	fail("the plugin host cannot be reached through %s in the image directory: %s\n", bridge.name, strerror(-result));
	close(*socket);
	if (*bell >= 0)
		close(*bell);
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

/* Receives the answer to `sequence`, which must be of `type`. 0, or -EIO after a complaint; fd is -1 then. */
static int receive_answer(const char *what, int socket, enum wire_type type, uint32_t sequence, int *fd)
{
	int result = wire_receive(socket, &answer, fd);

	/* A fork's connection is welcomed only to be refused. */
	if (result == WIRE_WELCOME && type == WIRE_REPLY) {
		fail("%s: the plugin host refused: %s\n", what, wire_text(&answer, 1));
		result = -EACCES;
	} else if (result == (int)type && answer.header.sequence == sequence) {
		return 0;
	}
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return complain(what, result);
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
	if (bridge.broken)
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
			  receive_answer(what, socket, WIRE_REPLY, question.header.sequence, received);
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

/* For hooks whose answer is neither a descriptor nor anything else. */
static int ask_done(const char *path, int sent)
{
	int fd, result = ask(path, NULL, sent, &fd);

	if (!result && (fd >= 0 || answer.reply.flags))
		return refuse_answer("more than it may", fd);
	return result;
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

static int ask_to_dump(const char *path, int sent)
{
	int result = ask_done(path, sent);

	if (!result)
		note_plugin();
	return result;
}

/* For hooks whose answer is a descriptor. */
static int ask_for_descriptor(bool may_wait, bool *retry)
{
	int fd, result = ask(NULL, NULL, -1, &fd);

	if (result)
		return result;
	if (fd < 0 && may_wait && answer.reply.flags == WIRE_RETRY) {
		*retry = true;
		return 0;
	}
	return fd >= 0 && !answer.reply.flags ? fd : refuse_answer("no descriptor", fd);
}

/*
 * All plugins were told. Any answer but -ENOTSUP would end CRIU's chain: the plugins after this one, cuda's for example, would
 * never hear of it.
 */
static int tell(enum abi_hook hook, int pid)
{
	int result;

	prepare(hook)->id = (uint32_t)pid;
	result = ask_done(NULL, -1);
	return result ? result : -ENOTSUP;
}

static void put_stat(struct wire_hook *hook, const struct stat *stat)
{
	hook->device = stat->st_dev;
	hook->rdev = stat->st_rdev;
	hook->inode = stat->st_ino;
	hook->mode = stat->st_mode;
	hook->about |= WIRE_STAT;
}

/* Flags, position and owner of an open file. What it does not have stays 0. */
static void put_open(struct wire_hook *hook, int fd)
{
	struct f_owner_ex owner;
	uint32_t users[2];
	int flags = fcntl(fd, F_GETFL);
	off_t position;

	if (flags < 0)
		return;
	hook->flags = (uint32_t)flags;
	hook->about |= WIRE_OPEN;
	if (flags & O_PATH)
		return;
	position = lseek(fd, 0, SEEK_CUR);
	hook->position = position < 0 ? 0 : (uint64_t)position;
	if (fcntl(fd, F_GETOWN_EX, &owner) || owner.pid == 0)
		return;
	hook->owner_pid = owner.pid;
	hook->owner_type = owner.type;
	hook->owner_signal = fcntl(fd, F_GETSIG);
	/* F_GETOWNER_UIDS: kernels without checkpoint and restore have none. */
	if (!fcntl(fd, 17, users)) {
		hook->owner_uid = users[0];
		hook->owner_euid = users[1];
	}
}

static int dump_unix_sk(int fd, int inode)
{
	prepare(ABI_DUMP_UNIX_SK)->id = (uint32_t)inode;
	return ask_to_dump(NULL, fd);
}

static int restore_unix_sk(int inode)
{
	prepare(ABI_RESTORE_UNIX_SK)->id = (uint32_t)inode;
	return ask_for_descriptor(false, NULL);
}

static int dump_ext_file(int fd, int id)
{
	static char link[WIRE_LONGEST_TEXT + 1];
	char path[32];
	struct wire_hook *hook = prepare(ABI_DUMP_EXT_FILE);
	struct stat stat;
	ssize_t length;

	hook->id = (uint32_t)id;
	if (fstat(fd, &stat)) {
		fail("DUMP_EXT_FILE: fstat of descriptor %d: %s\n", fd, strerror(errno));
		return -errno;
	}
	put_stat(hook, &stat);
	put_open(hook, fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, link, sizeof(link) - 1);
	if (length > 0)
		hook->about |= WIRE_LINK;
	link[length > 0 ? length : 0] = 0;
	return ask_to_dump(link, fd);
}

static int restore_ext_file(int id, bool *retry)
{
	/* Older hosts pass no second argument: what is there then is nobody's. Newer ones read it uninitialised. */
	bool may_wait = bridge.host_hooks >= ABI_HOOKS_WITH_RETRY;

	if (may_wait)
		*retry = false;
	prepare(ABI_RESTORE_EXT_FILE)->id = (uint32_t)id;
	return ask_for_descriptor(may_wait, retry);
}

static int dump_ext_mount(char *mountpoint, int id)
{
	prepare(ABI_DUMP_EXT_MOUNT)->id = (uint32_t)id;
	return ask_to_dump(mountpoint, -1);
}

/* Whether a path is the root of a mount. -ENOSYS before Linux 5.8, which does not tell. */
static int is_mounted(const char *path)
{
	struct statx stat;

	if (statx(AT_FDCWD, path, AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &stat))
		return -errno;
	if (!(stat.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT))
		return -ENOSYS;
	return stat.stx_attributes & STATX_ATTR_MOUNT_ROOT ? 1 : 0;
}

static int restore_ext_mount(int id, char *mountpoint, char *old_root, int *is_file)
{
	int fd, result;

	(void)is_file;
	prepare(ABI_RESTORE_EXT_MOUNT)->id = (uint32_t)id;
	result = ask(mountpoint, old_root, -1, &fd);
	if (result)
		return result;
	if (answer.reply.flags == WIRE_MOUNT && fd >= 0) {
		/* MOVE_MOUNT_F_EMPTY_PATH */
		if (syscall(SYS_move_mount, fd, "", AT_FDCWD, mountpoint, 4))
			result = -errno;
		close(fd);
		if (result)
			fail("RESTORE_EXT_MOUNT: %s cannot be mounted: %s\n", mountpoint, strerror(-result));
	} else if (answer.reply.flags || fd >= 0) {
		return refuse_answer("more than it may", fd);
	}
	if (result)
		return result;
	/* CRIU takes an answer's word for it, and the program would find an empty directory. */
	result = is_mounted(mountpoint);
	if (result == 0) {
		fail("RESTORE_EXT_MOUNT: plugin %s says that %s is mounted, and it is not\n", wire_text(&answer, 1), mountpoint);
		return -EINVAL;
	}
	if (result < 0)
		say(ABI_WARNING, "whether %s is mounted cannot be seen: %s\n", mountpoint, strerror(-result));
	return 0;
}

static int dump_ext_link(int index, int type, char *kind)
{
	struct wire_hook *hook = prepare(ABI_DUMP_EXT_LINK);

	hook->id = (uint32_t)index;
	hook->kind = type;
	return ask_to_dump(kind, -1);
}

static int handle_device_vma(int fd, const struct stat *stat)
{
	put_stat(prepare(ABI_HANDLE_DEVICE_VMA), stat);
	return ask_to_dump(NULL, fd);
}

static int update_vma_map(const char *path, uint64_t address, uint64_t old, uint64_t *new, int *new_fd)
{
	struct wire_hook *hook = prepare(ABI_UPDATE_VMA_MAP);
	int fd, result;

	hook->address = address;
	hook->offset = old;
	result = ask(path, NULL, -1, &fd);
	if (result)
		return result;
	if (!answer.reply.flags && fd < 0)
		return 0;
	if (answer.reply.flags != WIRE_CHANGED)
		return refuse_answer("a descriptor without an offset", fd);
	*new = answer.reply.offset;
	*new_fd = fd;
	return 1;
}

#define TELL_OF_PROCESS(HOOK, function) static int function(int pid) { return tell(ABI_##HOOK, pid); }
#define TELL(HOOK, function) static int function(void) { return tell(ABI_##HOOK, 0); }

TELL_OF_PROCESS(RESUME_DEVICES_LATE, resume_devices_late)
TELL_OF_PROCESS(PAUSE_DEVICES, pause_devices)
TELL_OF_PROCESS(CHECKPOINT_DEVICES, checkpoint_devices)
TELL_OF_PROCESS(DUMP_DEVICES_LATE, dump_devices_late)
TELL(POST_FORKING, post_forking)
TELL(RESTORE_INIT, restore_init)

static int init(int stage);
static void finish(int stage, int result);

#define FUNCTION_OF(NAME, function) [ABI_##NAME] = function,
__attribute__((visibility("default"))) struct abi_descriptor CR_PLUGIN_DESC = {
	.name = NAME,
	.init = init,
	.exit = finish,
	.version = ABI_VERSION,
	.max_hooks = 0,
	.hooks = { ABI_EACH_HOOK(FUNCTION_OF) },
};

/* Before CRIU looks at the descriptor: how many hooks does it know? Declaring more would end its run. */
__attribute__((constructor)) static void measure_host(void)
{
	void *control = dlsym(RTLD_DEFAULT, "cr_plugin_ctl");
	const ElfW(Sym) *symbol = NULL;
	Dl_info info;
	size_t lists = 0;

	if (control && dladdr1(control, &info, (void **)&symbol, RTLD_DL_SYMENT) && symbol)
		lists = symbol->st_size / ABI_LIST_HEAD;
	bridge.host_hooks = lists > 0 ? (unsigned int)lists - 1 : 0;
	CR_PLUGIN_DESC.max_hooks = bridge.host_hooks < ABI_HOOKS ? bridge.host_hooks : ABI_HOOKS;
}

/* NAME:TOKEN, the token in hexadecimal digits. */
static bool read_environment(void)
{
	const char *text = getenv("CRIUJS_BRIDGE");
	const char *colon = text ? strchr(text, ':') : NULL;
	size_t length = colon ? (size_t)(colon - text) : 0;

	if (!length || length >= sizeof(bridge.name) || strlen(colon + 1) != 2 * WIRE_TOKEN || memchr(text, '/', length))
		return false;
	memcpy(bridge.name, text, length);
	for (int i = 0; i < WIRE_TOKEN; i++)
		if (sscanf(colon + 1 + 2 * i, "%2hhx", &bridge.token[i]) != 1)
			return false;
	return true;
}

static bool mark_original(void)
{
	long size = sysconf(_SC_PAGESIZE);
	void *page = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED || madvise(page, (size_t)size, MADV_WIPEONFORK)) {
		fail("forks cannot be told apart: %s\n", strerror(errno));
		return false;
	}
	bridge.original = page;
	*bridge.original = 1;
	return true;
}

/* At restore CRIU ends the run for every plugin of the inventory that nobody takes off its list. `names` are one a line. */
static void tick_off(const char *names)
{
	if (!check_and_remove_inventory_plugin)
		return;
	while (*names) {
		size_t length = strcspn(names, "\n");

		if (length)
			check_and_remove_inventory_plugin(names, length);
		names += length + (names[length] == '\n');
	}
}

static int meet_host(void)
{
	int fd = -1;
	int result = reach_host(&bridge.socket, &bridge.bell);

	if (result)
		return result;
	result = say_hello(bridge.socket, bridge.bell, 0);
	result = result ? complain("init", result) :
			  receive_answer("init", bridge.socket, WIRE_WELCOME, bridge.sequence, &fd);
	if (!result && answer.welcome.result) {
		fail("init: %s\n", wire_text(&answer, 1));
		result = answer.welcome.result < 0 ? answer.welcome.result : -EIO;
	}
	if (fd >= 0)
		close(fd);
	if (!result)
		return 0;
	close(bridge.socket);
	close(bridge.bell);
	bridge.socket = bridge.bell = -1;
	return result;
}

static int init(int stage)
{
	int result;

	bridge.stage = stage;
	if (!read_environment()) {
		fail("init: CRIUJS_BRIDGE is not set: this plugin works only where criujs starts CRIU\n");
		return -EINVAL;
	}
	if (!bridge.host_hooks) {
		fail("init: this CRIU does not show how many hooks it knows: releases from 3.17 on do\n");
		return -ENOSYS;
	}
	if (!mark_original())
		return -ENOMEM;
	result = meet_host();
	if (result)
		return result;
	bridge.deadline = answer.welcome.deadline ? answer.welcome.deadline : bridge.deadline;
	/* Only now does CRIU take the hooks over: it never calls one that is not here. */
	for (unsigned int i = 0; i < CR_PLUGIN_DESC.max_hooks; i++)
		if (!(answer.welcome.served & (1u << i)))
			CR_PLUGIN_DESC.hooks[i] = NULL;
	if (stage == ABI_RESTORE)
		tick_off(wire_text(&answer, 0));
	say(ABI_INFO, "this CRIU knows %u hooks; plugins serve 0x%x of them\n", bridge.host_hooks, answer.welcome.served);
	return 0;
}

static void finish(int stage, int result)
{
	int fd = -1;

	if (bridge.socket < 0 || is_fork())
		return;
	wire_begin(&question, WIRE_EXIT, ++bridge.sequence);
	question.exit.stage = stage;
	question.exit.result = result;
	wire_end(&question, NULL, NULL);
	if (!bridge.broken && !wire_send(bridge.socket, bridge.bell, &question, -1))
		receive_answer("exit", bridge.socket, WIRE_REPLY, question.header.sequence, &fd);
	if (fd >= 0)
		close(fd);
	close(bridge.socket);
	close(bridge.bell);
	bridge.socket = bridge.bell = -1;
}
