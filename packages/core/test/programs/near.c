// Threads whose stacks lie side by side in one piece of memory and are small, as those of coroutines are: what is below the pointer of one
// is what another one uses. A tick: each has its stack as it left it.
#include "target.h"
#include <pthread.h>
#include <ucontext.h>

#define THREADS 8
#define STACK 2048

static char stacks[THREADS][STACK] __attribute__((aligned(64)));
static ucontext_t own[THREADS], near[THREADS];
static volatile unsigned long rounds[THREADS];
static volatile bool ending;

static void live(int number)
{
	uint64_t words[64];
	for (int i = 0; i < 64; i++)
		words[i] = pattern(number * 1000 + i);
	while (!ending) {
		for (int i = 0; i < 64; i++)
			expect(((volatile uint64_t *)words)[i] == pattern(number * 1000 + i), "thread %d: word %d of its stack", number, i);
		rounds[number]++;
		syscall(SYS_nanosleep, &(struct timespec){ 0, 2000000 }, NULL);
	}
}

static void *start(void *argument)
{
	long number = (long)argument;
	must(getcontext(&near[number]));
	near[number].uc_stack.ss_sp = stacks[number];
	near[number].uc_stack.ss_size = STACK;
	near[number].uc_link = &own[number];
	makecontext(&near[number], (void (*)(void))live, 1, (int)number);
	must(swapcontext(&own[number], &near[number]));
	return NULL;
}

int main(void)
{
	target_start();
	pthread_t threads[THREADS];
	for (long i = 0; i < THREADS; i++)
		expect(!pthread_create(&threads[i], NULL, start, (void *)i), "no thread %ld", i);
	for (unsigned long tick = 1; !target_finishing(); tick++) {
		while (target_paused())
			rest(10);
		for (int i = 0; i < THREADS; i++)
			for (unsigned long before = rounds[i]; rounds[i] == before;)
				rest(1);
		target_tick(tick);
	}
	ending = true;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	target_say("DONE\n");
	return 0;
}
