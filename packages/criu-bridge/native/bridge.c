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

#include "abi.h"
#include "host.h"
#include "store.h"
#include "wire.h"

/* For hooks whose answer is neither a descriptor nor anything else. */
static int ask_done(const char *path, int sent)
{
	int fd, result = ask(path, NULL, sent, &fd);

	if (!result && (fd >= 0 || answer.reply.flags))
		return refuse_answer("more than it may", fd);
	return result;
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
	return bridge.may_post && !is_fork() ? post(link, fd) : ask_to_dump(link, fd);
}

static int restore_ext_file(int id, bool *retry)
{
	/* Older hosts pass no second argument: what is there then is nobody's. Newer ones read it uninitialised. */
	bool may_wait = bridge.host_hooks >= ABI_HOOKS_WITH_RETRY;
	struct wire_hook *hook;
	int fd = store_take(id);

	if (may_wait)
		*retry = false;
	if (fd >= 0)
		return fd;
	hook = prepare(ABI_RESTORE_EXT_FILE);
	hook->id = (uint32_t)id;
	hook->about = store_is_there() ? WIRE_AHEAD : 0;
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
			  receive_answer("init", bridge.socket, 0, WIRE_WELCOME, bridge.sequence, &fd);
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
	result = wire_limit(bridge.socket, bridge.deadline);
	if (result)
		return complain("init", result);
	/* Only now does CRIU take the hooks over: it never calls one that is not here. */
	for (unsigned int i = 0; i < CR_PLUGIN_DESC.max_hooks; i++)
		if (!(answer.welcome.served & (1u << i)))
			CR_PLUGIN_DESC.hooks[i] = NULL;
	bridge.may_post = stage == ABI_DUMP && answer.welcome.flags & WIRE_MAY_POST;
	if (stage == ABI_RESTORE) {
		tick_off(wire_text(&answer, 0));
		store_make();
	}
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
		receive_answer("exit", bridge.socket, 0, WIRE_REPLY, question.header.sequence, &fd);
	if (fd >= 0)
		close(fd);
	close(bridge.socket);
	close(bridge.bell);
	bridge.socket = bridge.bell = -1;
}
