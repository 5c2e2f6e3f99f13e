// A pool whose threads come and go: THREADS (16) at a time, each of which lives about LIVES_MS (20) milliseconds and is
// followed by another one. Some are gone between two looks at the process. A tick: as many have ended as the pool has.
#include "target.h"
#include <pthread.h>
#include <semaphore.h>

static int threads_total = 16, lives = 20;
static unsigned long sum;
static sem_t ended;

static void *live(void *argument)
{
	unsigned long number = (unsigned long)argument;
	rest(lives / 2 + pattern(number) % lives);
	__atomic_add_fetch(&sum, number, __ATOMIC_RELAXED);
	sem_post(&ended);
	return NULL;
}

static void begin(unsigned long number)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, live, (void *)number);
	expect(error == 0, "cannot start thread %lu: %s", number, strerror(error));
	pthread_detach(thread);
}

static void wait_for_one(void)
{
	while (sem_wait(&ended))
		expect(errno == EINTR, "waiting for a thread: %s", strerror(errno));
}

int main(void)
{
	target_start();
	if (target_option("THREADS"))
		threads_total = atoi(target_option("THREADS"));
	if (target_option("LIVES_MS"))
		lives = atoi(target_option("LIVES_MS"));
	sem_init(&ended, 0, 0);
	unsigned long number = 0;
	for (int i = 0; i < threads_total; i++)
		begin(++number);
	for (unsigned long tick = 1; !target_finishing(); tick++) {
		target_tick(tick);
		for (int i = 0; i < threads_total; i++) {
			wait_for_one();
			begin(++number);
		}
	}
	for (int i = 0; i < threads_total; i++)
		wait_for_one();
	expect(sum == number * (number + 1) / 2, "the numbers of %lu threads came to %lu", number, sum);
	target_say("DONE\n");
	return 0;
}
