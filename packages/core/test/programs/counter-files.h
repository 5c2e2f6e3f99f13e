// Open files and everything that belongs to the process as a whole.
#pragma once
#include "target.h"
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>

enum { RECORD = 24, RECORDS = 1000, DUPLICATE = 123, NAME_LENGTH = 16 };
static const char program_name[NAME_LENGTH] = "count) R (er 1";

static struct {
	int records, duplicate, words, appended, directory, null, zero;
	off_t words_offset;
	struct rlimit limits[RLIM_NLIMITS];
	char cwd[PATH_MAX];
	uid_t uids[3];
	gid_t gids[3], groups[64];
	int group_count, nice, dumpable;
	struct __user_cap_data_struct capabilities[2];
	int *tid_address;
	void *robust_list;
	size_t robust_length;
} process;

static inline void identity(uid_t *uids, gid_t *gids, struct __user_cap_data_struct *capabilities)
{
	must(getresuid(&uids[0], &uids[1], &uids[2]));
	must(getresgid(&gids[0], &gids[1], &gids[2]));
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	must(syscall(SYS_capget, &header, capabilities));
}

// COUNTER_USER=1 (needs root): other ids, groups, and few capabilities, of which one is not in effect.
static inline void become_another_user(void)
{
	gid_t groups[] = { 7, 70000, 8 };
	must(setgroups(3, groups));
	must(prctl(PR_SET_KEEPCAPS, 1));
	must(setresgid(12001, 12002, 12003));
	must(setresuid(11001, 11002, 11003));
	must(prctl(PR_SET_KEEPCAPS, 0));
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	uint32_t some = 1 << CAP_CHOWN | 1 << CAP_NET_RAW | 1 << CAP_KILL;
	struct __user_cap_data_struct data[2] = { { .permitted = some, .effective = 1 << CAP_CHOWN, .inheritable = 1 << CAP_KILL } };
	must(syscall(SYS_capset, &header, data));
}

static inline void process_start(void)
{
	umask(0137);
	process.records = must(open("records", O_RDWR | O_CREAT | O_TRUNC, 0600));
	char record[RECORD + 1];
	for (int i = 0; i < RECORDS; i++) {
		snprintf(record, sizeof(record), "%-*d", RECORD, 0);
		expect(write(process.records, record, RECORD) == RECORD, "cannot write records");
	}
	must(lseek(process.records, 0, SEEK_SET));
	process.duplicate = must(dup3(process.records, DUPLICATE, O_CLOEXEC));
	process.appended = must(open("appended", O_RDWR | O_CREAT | O_APPEND | O_NOATIME, 0600));
	process.words = must(open("words", O_RDWR | O_CREAT | O_TRUNC, 0600));
	for (int i = 0; i < 5000; i++)
		expect(write(process.words, &(char){ pattern(i) }, 1) == 1, "cannot write words");
	must(close(process.words));
	process.words = must(open("words", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	process.null = must(open("/dev/null", O_WRONLY));
	process.zero = must(open("/dev/zero", O_RDONLY));
	must(mkdir("place", 0700));
	must(chmod("place", 0755));
	process.directory = must(open("place", O_RDONLY | O_DIRECTORY));
	must(chdir("place"));
	must((long)getcwd(process.cwd, sizeof(process.cwd)));

	if (target_option("COUNTER_USER"))
		become_another_user();
	struct rlimit limit;
	must(getrlimit(RLIMIT_NOFILE, &limit));
	must(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 777, limit.rlim_max < 1777 ? limit.rlim_max : 1777 }));
	must(setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 4096 }));
	must(setrlimit(RLIMIT_CPU, &(struct rlimit){ 100000, 200000 }));
	for (int i = 0; i < RLIM_NLIMITS; i++)
		must(getrlimit(i, &process.limits[i]));
	must(prctl(PR_SET_NAME, program_name));
	must(prctl(PR_SET_DUMPABLE, target_option("COUNTER_UNDUMPABLE") ? 0 : 1));
	must(setpriority(PRIO_PROCESS, 0, 3));
	errno = 0;
	process.nice = getpriority(PRIO_PROCESS, 0);
	process.dumpable = prctl(PR_GET_DUMPABLE);
	identity(process.uids, process.gids, process.capabilities);
	process.group_count = must(getgroups(64, process.groups));
	if (prctl(PR_GET_TID_ADDRESS, &process.tid_address))
		process.tid_address = NULL; // a kernel without CONFIG_CHECKPOINT_RESTORE
	must(syscall(SYS_get_robust_list, 0, &process.robust_list, &process.robust_length));
}

static inline void check_files(unsigned long tick)
{
	// Two numbers, one description: what is written through the one moves the other.
	char record[RECORD + 1], there[RECORD + 1] = "";
	off_t offset = (tick - 1) % RECORDS * RECORD;
	expect(lseek(process.duplicate, 0, SEEK_CUR) == offset, "offset of the records is %ld, not %ld",
	       lseek(process.duplicate, 0, SEEK_CUR), offset);
	if (tick > 1) {
		snprintf(record, sizeof(record), "%-*lu", RECORD, tick - 1);
		off_t last = (tick - 2) % RECORDS * RECORD;
		expect(pread(process.records, there, RECORD, last) == RECORD && strcmp(there, record) == 0, "record %lu is lost", tick - 1);
	}
	snprintf(record, sizeof(record), "%-*lu", RECORD, tick);
	expect(write(process.records, record, RECORD) == RECORD, "cannot write record %lu", tick);
	if (tick % RECORDS == 0)
		must(lseek(process.duplicate, 0, SEEK_SET));

	for (int i = 0; i < 7; i++) {
		uint8_t byte;
		if (process.words_offset == 5000)
			process.words_offset = must(lseek(process.words, 0, SEEK_SET));
		expect(read(process.words, &byte, 1) == 1 && byte == (uint8_t)pattern(process.words_offset),
		       "byte %ld of the words", process.words_offset);
		process.words_offset++;
	}
	must(lseek(process.appended, 0, SEEK_SET));
	expect(write(process.appended, "+", 1) == 1 && lseek(process.appended, 0, SEEK_CUR) == (off_t)tick,
	       "appended at %ld, not %lu", lseek(process.appended, 0, SEEK_CUR), tick);

	static const struct { const int *fd; int flags, cloexec; } opened[] = {
		{ &process.records, O_RDWR, 0 }, { &process.duplicate, O_RDWR, FD_CLOEXEC },
		{ &process.words, O_RDONLY | O_NONBLOCK, FD_CLOEXEC }, { &process.appended, O_RDWR | O_APPEND | O_NOATIME, 0 },
		{ &process.null, O_WRONLY, 0 }, { &process.zero, O_RDONLY, 0 }, { &process.directory, O_RDONLY, 0 },
	};
	for (unsigned i = 0; i < sizeof(opened) / sizeof(*opened); i++) {
		int flags = must(fcntl(*opened[i].fd, F_GETFL)) & ~(0100000 | O_DIRECTORY); // O_LARGEFILE; CRIU drops the other
		expect(flags == opened[i].flags, "flags of descriptor %d: %o, not %o", *opened[i].fd, flags, opened[i].flags);
		expect(fcntl(*opened[i].fd, F_GETFD) == opened[i].cloexec, "close-on-exec of descriptor %d", *opened[i].fd);
	}
	uint64_t zeros[4] = { 1, 1, 1, 1 };
	expect(read(process.zero, zeros, 32) == 32 && !(zeros[0] | zeros[3]), "/dev/zero");
	expect(write(process.null, zeros, 32) == 32, "/dev/null");
	struct stat here, directory;
	must(stat(".", &here));
	must(fstat(process.directory, &directory));
	expect(here.st_ino == directory.st_ino, "the open directory is another");
}

static inline void check_process(void)
{
	char cwd[PATH_MAX], name[NAME_LENGTH];
	expect(umask(0137) == 0137, "umask");
	expect(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, process.cwd) == 0, "cwd %s became %s", process.cwd, cwd);
	must(prctl(PR_GET_NAME, name));
	expect(strcmp(name, program_name) == 0, "the name became %s", name);
	expect(prctl(PR_GET_DUMPABLE) == process.dumpable, "dumpable %d became %d", process.dumpable, prctl(PR_GET_DUMPABLE));
	errno = 0;
	expect(getpriority(PRIO_PROCESS, 0) == process.nice, "niceness %d became %d", process.nice, getpriority(PRIO_PROCESS, 0));
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit limit;
		must(getrlimit(i, &limit));
		expect(limit.rlim_cur == process.limits[i].rlim_cur && limit.rlim_max == process.limits[i].rlim_max,
		       "limit %d: %lx/%lx became %lx/%lx", i, process.limits[i].rlim_cur, process.limits[i].rlim_max, limit.rlim_cur,
		       limit.rlim_max);
	}
	uid_t uids[3];
	gid_t gids[3], groups[64];
	struct __user_cap_data_struct capabilities[2];
	identity(uids, gids, capabilities);
	expect(memcmp(uids, process.uids, sizeof(uids)) == 0 && memcmp(gids, process.gids, sizeof(gids)) == 0, "user or group ids");
	expect(memcmp(capabilities, process.capabilities, sizeof(capabilities)) == 0, "capabilities");
	expect(getgroups(64, groups) == process.group_count && memcmp(groups, process.groups, process.group_count * 4) == 0, "groups");
	int *tid_address = NULL;
	if (process.tid_address)
		must(prctl(PR_GET_TID_ADDRESS, &tid_address));
	expect(tid_address == process.tid_address, "tid address");
	void *list;
	size_t length;
	must(syscall(SYS_get_robust_list, 0, &list, &length));
	expect(list == process.robust_list && length == process.robust_length, "robust list");
}
