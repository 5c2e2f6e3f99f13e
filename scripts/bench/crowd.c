// A process that is large in one way: `crowd THREADS MIB MAPS CHILDREN`. It says so when all of it is there, and sleeps.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void *sleep_on(void *nothing)
{
	for (;;)
		pause();
	return nothing;
}

int main(int count, char **arguments)
{
	if (count < 5)
		return 2;
	long threads = atol(arguments[1]), mib = atol(arguments[2]), maps = atol(arguments[3]), children = atol(arguments[4]);
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	for (long at = 0; at < threads; at++) {
		pthread_t thread;
		if (pthread_create(&thread, &small, sleep_on, NULL))
			return 1;
	}
	memset(mmap(NULL, (mib + 1) << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, mib << 20);
	// Neighbours with other rights stay maps of their own.
	char *many = mmap(NULL, (maps + 1) * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (long at = 0; at < maps; at += 2)
		mprotect(many + at * 4096, 4096, PROT_READ | PROT_WRITE);
	for (long at = 0; at < children; at++)
		if (fork() == 0)
			sleep_on(NULL);
	puts("ready");
	fflush(stdout);
	sleep_on(NULL);
}
