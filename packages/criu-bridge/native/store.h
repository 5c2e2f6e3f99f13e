/*
 * Files of a restore that the plugin host sent before CRIU asked for them. They lie in CRIU's own store of descriptors, which every
 * task can reach and which ends with the restore: what nobody takes is left open in no program. The table that says where is shared
 * by all tasks.
 */
#ifndef CRIUJS_BRIDGE_STORE_H
#define CRIUJS_BRIDGE_STORE_H

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi.h"

#define STORE_SLOTS 16384u

/* Each has a file's id, plus one, in its upper half and its place, plus one, in its lower; only a slot that is 0 is ever written. */
static uint64_t *store_slots;

/* Once, before CRIU forks. Without memory, or without CRIU's store, every file is asked for by itself. */
static void store_make(void)
{
	void *slots = MAP_FAILED;

	if (fdstore_add && fdstore_get)
		slots = mmap(NULL, STORE_SLOTS * sizeof(*store_slots), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	store_slots = slots == MAP_FAILED ? NULL : slots;
}

static bool store_is_there(void)
{
	return store_slots != NULL;
}

/* Puts in `count` descriptors, and closes them. `ids` has that many numbers, each with a space after it. */
static void store_keep(const char *ids, const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *end;
		uint32_t id = (uint32_t)strtoul(ids, &end, 10);
		int place = store_slots && end != ids ? fdstore_add(fds[i]) : -1;
		uint64_t value = ((uint64_t)id + 1) << 32 | (uint32_t)(place + 1);

		ids = end;
		close(fds[i]);
		for (uint32_t at = 0; place >= 0 && at < STORE_SLOTS; at++) {
			uint64_t empty = 0;

			if (__atomic_compare_exchange_n(&store_slots[(id + at) % STORE_SLOTS], &empty, value, false, __ATOMIC_ACQ_REL,
							__ATOMIC_RELAXED))
				break;
		}
	}
}

/* A descriptor of one's own of a file that is there, or -1. */
static int store_take(int id)
{
	for (uint32_t at = 0; store_slots && at < STORE_SLOTS; at++) {
		uint64_t slot = __atomic_load_n(&store_slots[((uint32_t)id + at) % STORE_SLOTS], __ATOMIC_ACQUIRE);

		if (!slot)
			return -1;
		if (slot >> 32 == (uint64_t)(uint32_t)id + 1)
			return fdstore_get((int)(uint32_t)slot - 1);
	}
	return -1;
}

#endif
