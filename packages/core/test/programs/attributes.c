// All that the kernel lets a process and its threads set beside what they do: affinity, scheduling, I/O priority, timer slack,
// core dump filter, speculation, memory policies, dispatch of system calls and the like. What this machine or user does not
// allow is left alone. A tick: everything answers as it did at the start.
#include "target.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

struct scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t least, most;
};

enum { SLOTS = 40 };

struct person {
	pthread_t thread;
	int number;
	volatile unsigned long looks;
	int count;
	const char *names[SLOTS];
	long values[SLOTS];
};

static struct person people[6];
static char *range;
static volatile bool ending;
static pthread_barrier_t ready;
static char selector;

static int read_file(const char *name, char *into, int size)
{
	int fd = open(name, O_RDONLY);
	if (fd < 0)
		return -1;
	int length = read(fd, into, size - 1);
	close(fd);
	into[length < 0 ? 0 : length] = 0;
	return length;
}

static long file_number(const char *name, int base)
{
	char text[64];
	return read_file(name, text, sizeof(text)) < 0 ? -1 : strtol(text, NULL, base);
}

static void write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY);
	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		errno = 0;
	close(fd);
}

// A number that stands for bytes.
static long sum(const void *bytes, int length)
{
	unsigned long all = 5381;
	for (int i = 0; i < length; i++)
		all = all * 33 + ((const unsigned char *)bytes)[i];
	return all >> 1;
}

static long file_sum(const char *name)
{
	char text[4096];
	int length = read_file(name, text, sizeof(text));
	return length < 0 ? -1 : sum(text, length);
}

static int note(struct person *who, int at, const char *name, long value)
{
	who->names[at] = name;
	who->values[at] = value;
	return at + 1;
}

// Fills in what the calling thread is, and what its process is. Nothing here reads a clock.
static void look(struct person *who)
{
	int at = 0;
	cpu_set_t set;
	CPU_ZERO(&set);
	syscall(SYS_sched_getaffinity, 0, sizeof(set), &set);
	at = note(who, at, "affinity", sum(&set, sizeof(set)));
	struct scheduling how = { 0 };
	syscall(SYS_sched_getattr, 0, &how, sizeof(how), 0);
	at = note(who, at, "policy", how.policy);
	at = note(who, at, "scheduling flags", how.flags);
	at = note(who, at, "nice", how.nice);
	at = note(who, at, "runtime", how.runtime);
	at = note(who, at, "deadline", how.deadline);
	at = note(who, at, "period", how.period);
	at = note(who, at, "least utilisation", how.least);
	at = note(who, at, "most utilisation", how.most);
	at = note(who, at, "I/O priority", syscall(SYS_ioprio_get, 1, 0));
	at = note(who, at, "timer slack", prctl(PR_GET_TIMERSLACK));
	at = note(who, at, "machine check", prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
	at = note(who, at, "I/O flusher", prctl(58, 0, 0, 0, 0));
	int timestamps = 0;
	prctl(PR_GET_TSC, &timestamps);
	at = note(who, at, "time stamps", timestamps);
	at = note(who, at, "cpuid", syscall(SYS_arch_prctl, 0x1011, 0));
	at = note(who, at, "store bypass", prctl(52, 0, 0, 0, 0));
	at = note(who, at, "indirect branches", prctl(52, 1, 0, 0, 0));
	at = note(who, at, "cache flush", prctl(52, 2, 0, 0, 0));
	int mode = 0;
	unsigned long nodes[16] = { 0 };
	syscall(SYS_get_mempolicy, &mode, nodes, 1024, 0, 0);
	at = note(who, at, "memory policy", mode);
	at = note(who, at, "nodes", nodes[0]);
	mode = 0;
	nodes[0] = 0;
	syscall(SYS_get_mempolicy, &mode, nodes, 1024, range, 2);
	at = note(who, at, "memory policy of a map", mode);
	at = note(who, at, "nodes of a map", nodes[0]);
	at = note(who, at, "memory merge", prctl(68, 0, 0, 0, 0));
	at = note(who, at, "denied memory", prctl(66, 0, 0, 0, 0));
	at = note(who, at, "huge pages", prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	who->count = at;
}

// The same of files in /proc. Only before the first tick and at the end: a program that has one open is not dumped.
static void look_at_files(struct person *who)
{
	int at = who->count;
	at = note(who, at, "core dump filter", file_number("/proc/self/coredump_filter", 16));
	at = note(who, at, "control groups", file_sum("/proc/thread-self/cgroup"));
	at = note(who, at, "login user", file_number("/proc/thread-self/loginuid", 10));
	char group[64] = "";
	read_file("/proc/self/autogroup", group, sizeof(group));
	char *nice = strstr(group, "nice");
	at = note(who, at, "nice of the session", nice && getsid(0) == getpid() ? atoi(nice + 5) : 0);
	who->count = at;
}

static void verify(struct person *who)
{
	struct person now;
	look(&now);
	if (ending)
		look_at_files(&now);
	for (int i = 0; i < now.count; i++)
		expect(who->values[i] == now.values[i], "thread %d: %s was %ld and is %ld", who->number, who->names[i],
		       who->values[i], now.values[i]);
}

static void schedule(struct scheduling how)
{
	how.size = sizeof(how);
	syscall(SYS_sched_setattr, 0, &how, 0);
}

// What each thread is: the main thread is the first.
static void become(int number)
{
	cpu_set_t set;
	unsigned long node = 1;
	if (number == 4 && target_option("ATTRIBUTES_THREAD_GROUP"))
		write_file(target_option("ATTRIBUTES_THREAD_GROUP"), "0");
	switch (number) {
	case 0:
		prctl(PR_SET_TIMERSLACK, 123456);
		prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0);
		syscall(SYS_set_mempolicy, 1, &node, 64); // prefer node 0
		schedule((struct scheduling){ .policy = SCHED_BATCH, .nice = 3, .flags = 1 });
		syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 6);
		break;
	case 1:
		CPU_ZERO(&set);
		CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &set);
		syscall(SYS_sched_setaffinity, 0, sizeof(set), &set);
		syscall(SYS_ioprio_set, 1, 0, 3 << 13);
		prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_LATE, 0, 0);
		schedule((struct scheduling){ .policy = SCHED_OTHER, .nice = 5, .runtime = 7000000 });
		break;
	case 2:
		prctl(PR_SET_TSC, PR_TSC_SIGSEGV);
		syscall(SYS_arch_prctl, 0x1012, 0);
		prctl(53, 0, 4, 0, 0);
		prctl(53, 1, 4, 0, 0);
		prctl(53, 2, 2, 0, 0);
		prctl(57, 1, 0, 0, 0);
		schedule((struct scheduling){ .policy = SCHED_OTHER, .flags = 0x60, .least = 100, .most = 700 });
		break;
	case 3:
		schedule((struct scheduling){ .policy = 6, .runtime = 20000000, .deadline = 50000000, .period = 60000000 });
		break;
	case 4:
		schedule((struct scheduling){ .policy = SCHED_RR, .priority = 2, .flags = 1 });
		syscall(SYS_ioprio_set, 1, 0, 1 << 13 | 4);
		break;
	case 5:
		// Calls from the first page are let through anyhow; all others are, as long as the selector says so.
		prctl(59, 1, 0, 4096, &selector);
		break;
	}
}

// The kernel shows what is dispatched only to a tracer: it is seen by a call that is blocked.
static volatile int blocked;
static void on_blocked(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)context;
	selector = 0;
	blocked = info->si_syscall;
}

static bool dispatches(void)
{
	blocked = -1;
	selector = 1;
	long answer;
	__asm__ volatile("syscall" : "=a"(answer) : "a"(SYS_getppid) : "rcx", "r11", "memory");
	selector = 0;
	return blocked == SYS_getppid;
}

static void *live(void *argument)
{
	struct person *self = argument;
	become(self->number);
	look(self);
	look_at_files(self);
	bool dispatched = self->number == 5 && dispatches();
	pthread_barrier_wait(&ready);
	while (!ending) {
		verify(self);
		self->looks++;
		rest(5);
	}
	verify(self);
	// Not before the end: in the moment in which calls are blocked a dump is refused.
	if (self->number == 5)
		expect(dispatches() == dispatched, "system calls were dispatched: %d, and are not as before", dispatched);
	return NULL;
}

static void start(void)
{
	struct sigaction action = { .sa_sigaction = on_blocked, .sa_flags = SA_SIGINFO };
	must(sigaction(SIGSYS, &action, NULL));
	range = must(mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	unsigned long node = 1;
	syscall(SYS_mbind, range, 1 << 19, 2, &node, 64, 0); // bound to node 0
	memset(range, 1, 1 << 20);
	write_file("/proc/self/coredump_filter", "0x1f");
	write_file("/proc/self/loginuid", "4711");
	write_file("/proc/self/autogroup", "4");
	prctl(67, 1, 0, 0, 0);
	if (prctl(PR_SET_THP_DISABLE, 1, 2, 0, 0)) // only where nobody has asked for them, since Linux 6.18
		prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	if (target_option("ATTRIBUTES_GROUP")) {
		char pid[16];
		snprintf(pid, sizeof(pid), "%d", getpid());
		write_file(target_option("ATTRIBUTES_GROUP"), pid);
	}
	prctl(65, 1, 0, 0, 0); // from here on no memory can become executable
	pthread_barrier_init(&ready, NULL, 6);
	for (int i = 1; i < 6; i++) {
		people[i].number = i;
		int error = pthread_create(&people[i].thread, NULL, live, &people[i]);
		expect(error == 0, "cannot start thread %d: %s", i, strerror(error));
	}
	become(0);
	look(&people[0]);
	look_at_files(&people[0]);
	pthread_barrier_wait(&ready);
}

int main(void)
{
	target_start();
	start();
	for (unsigned long tick = 1; !target_finishing(); tick++) {
		while (target_paused())
			rest(10);
		unsigned long before[6];
		for (int i = 1; i < 6; i++)
			before[i] = people[i].looks;
		verify(&people[0]);
		for (int i = 1; i < 6; i++)
			while (people[i].looks == before[i])
				rest(2);
		target_tick(tick);
		rest(5);
	}
	ending = true;
	verify(&people[0]);
	for (int i = 1; i < 6; i++)
		pthread_join(people[i].thread, NULL);
	target_say("DONE\n");
	return 0;
}
