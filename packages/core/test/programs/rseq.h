// Restartable sequences: the kernel still writes this thread's processor where the C library reads it.
#pragma once
#include "target.h"
#include <linux/rseq.h>
#include <stddef.h>

#define RSEQ_SIGNATURE 0x53053053

extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned int __rseq_size __attribute__((weak));

// Registering again what is registered answers EBUSY; anything else means that it is not.
static inline void expect_registered(struct rseq *area)
{
	expect(area->cpu_id < 100000, "the rseq area says processor %u", area->cpu_id);
	long result = syscall(SYS_rseq, area, 32, 0, RSEQ_SIGNATURE);
	expect(result == -1 && errno == EBUSY, "rseq is not registered: %ld %s", result, strerror(errno));
}

static inline void check_rseq(void)
{
	if (&__rseq_size && __rseq_size != 0)
		expect_registered((struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset));
}
