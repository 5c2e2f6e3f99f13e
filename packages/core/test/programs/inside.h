// What a program can see of itself from inside and nobody else can: a line each, in the file `inside`, whenever it stands still.
// The portrait (harness/portrait.ts) has it, so that every program that is compared compares it.
#pragma once
#include "target.h"
#include <linux/prctl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>

// Of newer headers.
#define INSIDE_GET_MDWE 66
#define INSIDE_GET_MEMORY_MERGE 68
#define INSIDE_GET_FS 0x1003
#define INSIDE_GET_CPUID 0x1011
#define INSIDE_GET_XCOMP_PERM 0x1022
#define INSIDE_REGISTRATIONS 0x200

static inline void inside_say(int file, const char *what, long answer)
{
	char line[128];
	int length = snprintf(line, sizeof(line), "%s %ld\n", what, answer == -1 ? -errno : answer);
	expect(write(file, line, length) == length, "cannot write what is inside: %s", strerror(errno));
}

static inline void inside_say_bytes(int file, const char *what, const void *bytes, size_t size)
{
	char line[1024];
	int length = snprintf(line, sizeof(line), "%s ", what);
	for (size_t i = 0; i < size; i++)
		length += snprintf(line + length, sizeof(line) - length, "%02x", ((const unsigned char *)bytes)[i]);
	line[length++] = '\n';
	expect(write(file, line, length) == length, "cannot write what is inside: %s", strerror(errno));
}

static inline void inside_values(int file)
{
	inside_say(file, "PR_GET_DUMPABLE", prctl(PR_GET_DUMPABLE));
	inside_say(file, "PR_GET_KEEPCAPS", prctl(PR_GET_KEEPCAPS));
	inside_say(file, "PR_GET_SECUREBITS", prctl(PR_GET_SECUREBITS));
	inside_say(file, "PR_GET_TIMING", prctl(PR_GET_TIMING));
	inside_say(file, "PR_GET_TIMERSLACK", prctl(PR_GET_TIMERSLACK));
	inside_say(file, "PR_MCE_KILL_GET", prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
	inside_say(file, "PR_GET_NO_NEW_PRIVS", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	inside_say(file, "PR_GET_THP_DISABLE", prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	inside_say(file, "PR_GET_IO_FLUSHER", prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0));
	inside_say(file, "PR_GET_MDWE", prctl(INSIDE_GET_MDWE, 0, 0, 0, 0));
	inside_say(file, "PR_GET_MEMORY_MERGE", prctl(INSIDE_GET_MEMORY_MERGE, 0, 0, 0, 0));
	for (long feature = 0; feature < 3; feature++)
		inside_say(file, "PR_GET_SPECULATION_CTRL", prctl(PR_GET_SPECULATION_CTRL, feature, 0, 0, 0));
	inside_say(file, "ARCH_GET_CPUID", syscall(SYS_arch_prctl, INSIDE_GET_CPUID, 0));
	inside_say(file, "nice", getpriority(PRIO_PROCESS, 0));
	inside_say(file, "ioprio", syscall(SYS_ioprio_get, 1, 0));
	inside_say(file, "membarrier", syscall(SYS_membarrier, INSIDE_REGISTRATIONS, 0, 0));
}

static inline void inside_memory(int file)
{
	int number = 0;
	long head = 0, size = 0;
	char name[16] = "";
	unsigned char scheduling[56] = { sizeof(scheduling) };
	struct {
		int mode;
		unsigned long nodes[16];
	} policy = { 0 };
	stack_t stack = { 0 };
	if (prctl(PR_GET_PDEATHSIG, &number) == 0)
		inside_say(file, "PR_GET_PDEATHSIG", number);
	if (prctl(PR_GET_CHILD_SUBREAPER, &number) == 0)
		inside_say(file, "PR_GET_CHILD_SUBREAPER", number);
	if (prctl(PR_GET_TSC, &number) == 0)
		inside_say(file, "PR_GET_TSC", number);
	if (prctl(PR_GET_TID_ADDRESS, &head) == 0)
		inside_say(file, "PR_GET_TID_ADDRESS", head);
	if (prctl(PR_GET_NAME, name) == 0)
		inside_say_bytes(file, "PR_GET_NAME", name, sizeof(name));
	if (syscall(SYS_get_robust_list, 0, &head, &size) == 0)
		inside_say(file, "robust list", head);
	if (syscall(SYS_arch_prctl, INSIDE_GET_FS, &head) == 0)
		inside_say(file, "ARCH_GET_FS", head);
	if (syscall(SYS_arch_prctl, INSIDE_GET_XCOMP_PERM, &head) == 0)
		inside_say(file, "ARCH_GET_XCOMP_PERM", head);
	if (syscall(SYS_sched_getattr, 0, scheduling, sizeof(scheduling), 0) == 0)
		inside_say_bytes(file, "sched_getattr", scheduling, sizeof(scheduling));
	if (syscall(SYS_get_mempolicy, &policy.mode, policy.nodes, 1024, 0, 0) == 0)
		inside_say_bytes(file, "get_mempolicy", &policy, sizeof(policy));
	if (sigaltstack(NULL, &stack) == 0)
		inside_say_bytes(file, "sigaltstack", &stack, sizeof(stack));
}

// Of the thread that calls it.
static inline void inside_show(void)
{
	int file = must(open(target_path("inside"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
	inside_values(file);
	inside_memory(file);
	must(close(file));
}
