// Threads that are always inside of a restartable sequence, rseq(2): they leave it only because the kernel aborts it, and begin again. To
// be run without the registration of the C library (glibc.pthread.rseq=0). The file `where` has where the sequence begins and ends, and
// where it goes when it is aborted. A tick: every thread is registered, and was aborted, or is on its way.
#include "rseq.h"
#include <pthread.h>

enum { THREADS = 2 };

static struct {
	struct rseq area __attribute__((aligned(32)));
	volatile unsigned long begun, aborted;
} people[THREADS];

extern const char section_begin[], section_end[], section_abort[];

// One sequence for all: it notes that it has begun, and waits. What leads to the descriptor is the thread's own area.
static void stay_inside(struct rseq *area, volatile unsigned long *begun)
{
	__asm__ volatile goto(
		".pushsection __rseq_cs, \"aw\"\n"
		".balign 32\n"
		"section_descriptor: .long 0, 0\n"
		".quad section_begin, section_end - section_begin, section_abort\n"
		".popsection\n"
		"leaq section_descriptor(%%rip), %%rax\n"
		"movq %%rax, %0\n"
		".globl section_begin\nsection_begin:\n"
		"incq %1\n"
		"1: pause\n"
		"jmp 1b\n"
		".globl section_end\nsection_end:\n"
		".pushsection .text.section_aborts, \"ax\"\n"
		// The signature that the kernel looks for before it goes there.
		".long %c2\n"
		".globl section_abort\nsection_abort:\n"
		"jmp %l[aborted]\n"
		".popsection\n"
		:
		: "m"(area->rseq_cs), "m"(*begun), "i"(RSEQ_SIGNATURE)
		: "memory", "rax", "cc"
		: aborted);
aborted:
	return;
}

static void *work(void *argument)
{
	long number = (long)argument;
	struct rseq *area = &people[number].area;
	area->cpu_id = RSEQ_CPU_ID_UNINITIALIZED;
	must(syscall(SYS_rseq, area, sizeof(*area), 0, RSEQ_SIGNATURE));
	for (;;) {
		expect_registered(area);
		stay_inside(area, &people[number].begun);
		expect(area->rseq_cs == 0, "thread %ld: the sequence was aborted, and is still there", number);
		people[number].aborted++;
	}
	return NULL;
}

int main(void)
{
	target_start();
	char words[128];
	int length = snprintf(words, sizeof(words), "%lu %lu %lu\n", (long)section_begin, (long)section_end, (long)section_abort);
	int file = must(open("where", O_WRONLY | O_CREAT, 0644));
	expect(write(file, words, length) == length, "cannot say where the sequence is");
	must(close(file));
	for (long at = 0; at < THREADS; at++)
		expect(pthread_create(&(pthread_t){ 0 }, NULL, work, (void *)at) == 0, "no thread");
	for (unsigned long tick = 1; !target_finishing();) {
		for (int at = 0; at < THREADS; at++)
			while (people[at].begun == 0)
				rest(1);
		for (int at = 0; at < THREADS; at++) {
			// The kernel may abort it before it has noted that it has begun.
			unsigned long aborted = people[at].aborted, begun = people[at].begun;
			expect(begun <= aborted + 2, "thread %d has begun %lu times, and was aborted %lu times", at, begun, aborted);
		}
		if (!target_paused())
			target_tick(tick++);
		rest(20);
	}
	target_say("DONE\n");
	return 0;
}
