// Counts, and verifies with every tick that the kernel and the processor still know everything about it: memory, registers,
// signals, timers, files, limits, credentials, names. Waits in another system call with every tick.
#include "counter-files.h"
#include "counter-memory.h"
#include "counter-signals.h"
#include "registers.h"
#include "rseq.h"
#include <linux/futex.h>
#include <poll.h>
#include <stddef.h>

static unsigned long tick = 1;

static void wait_in_sleep(void) { hold_registers(tick, 4000000, 15); }
static void wait_in_loop(void) { hold_registers(tick, 30000000, 1); }
static void wait_in_poll(void) { poll(NULL, 0, 15); }
static void wait_in_futex(void)
{
	uint32_t word = 5;
	syscall(SYS_futex, &word, FUTEX_WAIT, 5, &(struct timespec){ 0, 15000000 }, NULL, 0);
}
static void wait_in_ppoll(void)
{
	sigset_t mask = signals.mask;
	sigaddset(&mask, SIGALRM);
	ppoll(NULL, 0, &(struct timespec){ 0, 15000000 }, &mask);
}

static void (*const waits[])(void) = { wait_in_sleep, wait_in_poll,    wait_for_alarm, wait_in_sleep,
				       wait_in_futex, wait_in_ppoll, wait_in_loop };

static void check_clock(void)
{
	static struct timespec before[2];
	static const clockid_t clocks[] = { CLOCK_MONOTONIC, CLOCK_REALTIME };
	for (int i = 0; i < 2; i++) {
		struct timespec vdso, kernel;
		must(clock_gettime(clocks[i], &vdso));
		must(syscall(SYS_clock_gettime, clocks[i], &kernel));
		expect(kernel.tv_sec - vdso.tv_sec <= 1, "the vdso's clock %d is %ld s behind", clocks[i], kernel.tv_sec - vdso.tv_sec);
		expect(i == 1 || vdso.tv_sec >= before[i].tv_sec, "clock %d went back", clocks[i]);
		before[i] = vdso;
	}
}

int main(void)
{
	uint64_t on_stack[4096];
	for (int i = 0; i < 4096; i++)
		on_stack[i] = pattern(i * 3);

	target_start();
	memory_start();
	process_start();
	signals_start();
	for (;; tick++) {
		while (target_paused()) {
			rest(10);
			check_process();
		}
		if (target_finishing())
			break;
		for (int i = 0; i < 4096; i++)
			expect(on_stack[i] == pattern(i * 3), "stack word %d", i);
		memory_tick(tick);
		signals_tick(tick);
		check_files(tick);
		check_process();
		check_rseq();
		check_clock();
		waits[tick % (sizeof(waits) / sizeof(*waits))]();
		target_tick(tick);
	}
	expect(signals.alarms > 0, "no alarm ever came");
	target_say("DONE\n");
	return 0;
}
