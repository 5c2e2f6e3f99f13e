// Holds known patterns in every register there is, first across a busy loop and then across a system call that sleeps.
#pragma once
#include "target.h"
#include <stddef.h>

enum register_set { SSE, AVX, AVX512 };

// The assembler knows these offsets; registers.S has them once more.
struct held {
	uint8_t vectors_in[32][64];
	uint8_t vectors_out[32][64];
	uint64_t masks_in[8], masks_out[8];
	uint8_t x87_in[8][16], x87_out[8][16];
	uint64_t general_in[14], general_out[14];     // across the loop: everything but rcx and rsp
	uint64_t preserved_out[10];                   // across the call: rbx rdx rbp r8 r9 r10 r12 r13 r14 r15
	uint64_t spins;
	struct timespec sleep;
	uint32_t mxcsr_in, mxcsr_out;
	uint16_t control_in, control_out;
	uint8_t carry_out, carry_out_call;
};

_Static_assert(offsetof(struct held, spins) == 4784 && offsetof(struct held, mxcsr_in) == 4808 &&
		       offsetof(struct held, carry_out_call) == 4821, "registers.S has these offsets too");

void hold_sse(struct held *held);
void hold_avx(struct held *held);
void hold_avx512(struct held *held);

static inline enum register_set widest_registers(void)
{
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"))
		return AVX512;
	return __builtin_cpu_supports("avx2") ? AVX : SSE;
}

static inline void compare(const void *in, const void *out, size_t size, const char *what, int index, int seed)
{
	if (memcmp(in, out, size) == 0)
		return;
	char text[300];
	int length = 0;
	for (size_t i = 0; i < size && i < 64; i++)
		length += snprintf(text + length, sizeof(text) - length, "%02x", ((const uint8_t *)out)[i]);
	target_fail("%s %d of pattern %d was changed: %02x%02x… became %s", what, index, seed, ((const uint8_t *)in)[0],
		    ((const uint8_t *)in)[1], text);
}

// `seed` makes the patterns: another thread, other patterns. Interrupted sleeps are not continued.
static inline void hold_registers(int seed, uint64_t spins, long sleep_ms)
{
	static const struct {
		void (*hold)(struct held *);
		int vectors, bytes, masks;
	} sets[] = { { hold_sse, 16, 16, 0 }, { hold_avx, 16, 32, 0 }, { hold_avx512, 32, 64, 8 } };
	static const uint16_t controls[] = { 0x037f, 0x077f, 0x0b7f, 0x0e7f };        // rounding and precision
	static const uint32_t mxcsrs[] = { 0x1f80, 0x3f80, 0x5f80, 0xffc0 };           // rounding, flush to zero
	struct held held;
	int set = widest_registers();

	for (int i = 0; i < 32; i++)
		for (int j = 0; j < 8; j++)
			((uint64_t *)held.vectors_in[i])[j] = pattern(seed * 1000003UL + i * 8 + j);
	for (int i = 0; i < 8; i++) {
		held.masks_in[i] = pattern(seed * 1009UL + i);
		long double number = 1.0L / (seed + i + 3);
		memset(held.x87_in[i], 0, 16);
		memcpy(held.x87_in[i], &number, 10);
	}
	for (int i = 0; i < 14; i++)
		held.general_in[i] = pattern(seed * 7919UL + i);
	held.spins = spins;
	held.sleep = (struct timespec){ sleep_ms / 1000, sleep_ms % 1000 * 1000000 };
	held.mxcsr_in = mxcsrs[seed & 3];
	held.control_in = controls[(seed >> 2) & 3];

	sets[set].hold(&held);

	for (int i = 0; i < sets[set].vectors; i++)
		compare(held.vectors_in[i], held.vectors_out[i], sets[set].bytes, "vector register", i, seed);
	for (int i = 0; i < sets[set].masks; i++)
		compare(&held.masks_in[i], &held.masks_out[i], 8, "mask register", i, seed);
	for (int i = 0; i < 8; i++)
		compare(held.x87_in[i], held.x87_out[i], 10, "x87 register", i, seed);
	for (int i = 0; i < 14; i++)
		compare(&held.general_in[i], &held.general_out[i], 8, "general register in the loop", i, seed);
	for (int i = 0; i < 10; i++)
		compare(&held.general_in[i], &held.preserved_out[i], 8, "general register across the call", i, seed);
	expect((held.mxcsr_out & ~0x3fU) == (held.mxcsr_in & ~0x3fU), "mxcsr %#x became %#x", held.mxcsr_in, held.mxcsr_out);
	expect(held.control_out == held.control_in, "x87 control %#x became %#x", held.control_in, held.control_out);
	expect(held.carry_out == 1 && held.carry_out_call == 1, "the carry flag was lost");
}
