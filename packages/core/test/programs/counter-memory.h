// Memory of every private kind: each has known contents, some of which change with every tick.
#pragma once
#include "target.h"
#include <sys/mman.h>

enum { PAGE = 4096, HEAP_BLOCKS = 40, FILE_PAGES = 6 };

static struct {
	uint64_t *blocks[HEAP_BLOCKS];      // malloc of growing sizes: some from brk, some from mmap
	uint64_t *anonymous;                // `pages` pages, one of which is written anew with every tick
	unsigned long pages;
	uint64_t *sparse;                   // 64 MiB with three pages in it
	uint64_t *readonly;                 // written, then mprotect'ed
	char *hole;                         // PROT_NONE
	char *file;                         // a private map of a file: page 1 was written to, page 3 is seldom read
	char *excluded;                     // MADV_DONTDUMP: the mark must survive
	void *brk;
} memory;

static uint64_t data_segment[2048] = { 1, 2, 3 };
static uint64_t zero_segment[2048];

static inline size_t block_words(int i)
{
	return 64 + (size_t)i * i * 24;
}

static inline uint64_t file_word(int page, int word)
{
	return pattern(page * 131UL + word);
}

static inline void memory_start(void)
{
	const char *size = target_option("COUNTER_PAGES");
	memory.pages = size ? strtoul(size, NULL, 10) : 256;
	for (int i = 0; i < HEAP_BLOCKS; i++) {
		memory.blocks[i] = malloc(block_words(i) * 8);
		for (size_t j = 0; j < block_words(i); j++)
			memory.blocks[i][j] = pattern(i * 1000000UL + j);
	}
	for (int i = 0; i < 2048; i++)
		data_segment[i] = zero_segment[i] = pattern(i);

	int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	memory.anonymous = must(mmap(NULL, memory.pages * PAGE, PROT_READ | PROT_WRITE, flags, -1, 0));
	for (unsigned long i = 0; i < memory.pages * 512; i++)
		memory.anonymous[i] = i;
	memory.sparse = must(mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, -1, 0));
	memory.sparse[0] = memory.sparse[4 << 20] = memory.sparse[(8 << 20) - 1] = 77;
	memory.readonly = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, flags, -1, 0));
	memory.readonly[5] = 55;
	must(mprotect(memory.readonly, PAGE, PROT_READ));
	memory.hole = must(mmap(NULL, 16 * PAGE, PROT_NONE, flags, -1, 0));
	memory.excluded = must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, flags, -1, 0));
	memory.excluded[9] = 99;
	must(madvise(memory.excluded, PAGE, MADV_DONTDUMP));

	int file = must(open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0600));
	for (int page = 0; page < FILE_PAGES; page++) {
		uint64_t words[512];
		for (int i = 0; i < 512; i++)
			words[i] = file_word(page, i);
		expect(write(file, words, PAGE) == PAGE, "cannot write the mapped file");
	}
	// From the second page on, so that the offset matters.
	memory.file = must(mmap(NULL, (FILE_PAGES - 1) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, PAGE));
	must(close(file));
	memory.file[PAGE + 17] = 17;
	memory.brk = sbrk(0);
}

// Each tick fills one of the anonymous pages, round and round.
static inline void memory_tick(unsigned long tick)
{
	for (int i = 0; i < HEAP_BLOCKS; i++)
		for (size_t j = 0; j < block_words(i); j++)
			expect(memory.blocks[i][j] == pattern(i * 1000000UL + j), "heap block %d word %zu", i, j);
	for (int i = 0; i < 2048; i++)
		expect(data_segment[i] == pattern(i) && zero_segment[i] == pattern(i), "data or bss word %d", i);

	uint64_t *page = memory.anonymous + tick % memory.pages * 512;
	uint64_t before = tick < memory.pages ? 0 : tick - memory.pages;
	for (int i = 0; i < 512; i++) {
		uint64_t expected = before ? before + i : tick % memory.pages * 512 + i;
		expect(page[i] == expected, "anonymous page %lu word %d: %lx, not %lx", tick % memory.pages, i, page[i], expected);
		page[i] = tick + i;
	}
	expect(memory.sparse[0] == 77 && memory.sparse[4 << 20] == 77 && memory.sparse[(8 << 20) - 1] == 77, "sparse map");
	expect(memory.sparse[1 << 20] == 0, "the sparse map's empty part");
	expect(memory.readonly[5] == 55, "read-only page");
	expect(memory.excluded[9] == 99, "page excluded from core dumps");
	// A system call tells what an access would do, without a SIGSEGV.
	expect(access(memory.hole, F_OK) == -1 && errno == EFAULT, "the inaccessible page is accessible");

	for (int i = 0; i < PAGE; i++) {
		char in_file = ((char *)(uint64_t[]){ file_word(2, i / 8) })[i % 8];
		expect(memory.file[PAGE + i] == (i == 17 ? 17 : in_file), "private file map, changed page, byte %d", i);
	}
	int word = tick % 512;
	expect(((uint64_t *)memory.file)[word] == file_word(1, word), "private file map, page as in the file");
	if (tick % 100 == 0)
		expect(((uint64_t *)memory.file)[3 * 512 + word] == file_word(4, word), "private file map, rarely read page");
	expect(sbrk(0) == memory.brk, "brk %p became %p", memory.brk, sbrk(0));
}
