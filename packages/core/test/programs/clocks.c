// Clocks that count from the start of the machine. A tick: each has gone on, and by no more than a restore may take.
//
//   CLOCKS_UNSHARED  its children get clocks of their own: unshare(CLONE_NEWTIME) of time_namespaces(7)
//   CLOCKS_JUMP      it lives with clocks that jump ahead
#include "target.h"

enum { MOST = 200, NEW_TIME = 0x80 }; // seconds

static const struct {
	const char *name;
	clockid_t id;
} clocks[] = { { "monotonic", CLOCK_MONOTONIC }, { "boot time", CLOCK_BOOTTIME }, { "coarse", CLOCK_MONOTONIC_COARSE } };
enum { CLOCKS = sizeof(clocks) / sizeof(*clocks) };

static double seconds(clockid_t clock, bool by_the_kernel)
{
	struct timespec now;
	must(by_the_kernel ? (int)syscall(SYS_clock_gettime, clock, &now) : clock_gettime(clock, &now));
	return now.tv_sec + now.tv_nsec / 1e9;
}

int main(void)
{
	target_start();
	if (target_option("CLOCKS_UNSHARED"))
		must(syscall(SYS_unshare, NEW_TIME));
	double last[CLOCKS] = { 0 };
	for (unsigned long tick = 1; !target_finishing();) {
		for (int at = 0; at < CLOCKS; at++) {
			double told = seconds(clocks[at].id, true), seen = seconds(clocks[at].id, false);
			expect(seen >= told && seen < told + MOST, "%s: the vdso shows %f, the kernel %f", clocks[at].name, seen, told);
			expect(told >= last[at], "%s: back from %f to %f", clocks[at].name, last[at], told);
			expect(!last[at] || told < last[at] + MOST || target_option("CLOCKS_JUMP"), "%s: ahead from %f to %f",
				clocks[at].name, last[at], told);
			last[at] = seen;
		}
		if (!target_paused())
			target_tick(tick++);
		rest(10);
	}
	target_say("DONE\n");
	return 0;
}
