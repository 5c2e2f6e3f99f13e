// A process with MAPS maps side by side, each of another protection than its neighbours, so that the kernel joins none:
// readable, writable, and unreadable ones by turns. Each holds a page of its own contents.
#include "target.h"
#include <sys/mman.h>

enum { PAGE = 4096, MAP_SIZE = 2 * PAGE, KINDS = 3 };
static const int protections[KINDS] = { PROT_READ, PROT_READ | PROT_WRITE, PROT_NONE };

int main(void)
{
	target_start();
	const char *option = target_option("MAPS");
	unsigned long maps = option ? strtoul(option, NULL, 10) : 1000;
	char *area = must(mmap(NULL, maps * MAP_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	for (unsigned long i = 0; i < maps; i++) {
		*(uint64_t *)(area + i * MAP_SIZE) = pattern(i);
		must(mprotect(area + i * MAP_SIZE, MAP_SIZE, protections[i % KINDS]));
	}
	for (unsigned long tick = 1; !target_finishing(); tick++) {
		target_tick(tick);
		for (unsigned long i = 0; i < maps; i++)
			expect(i % KINDS == 2 || *(uint64_t *)(area + i * MAP_SIZE) == pattern(i), "map %lu is damaged", i);
		rest(10);
	}
	for (unsigned long i = 2; i < maps; i += KINDS) {
		must(mprotect(area + i * MAP_SIZE, MAP_SIZE, PROT_READ));
		expect(*(uint64_t *)(area + i * MAP_SIZE) == pattern(i), "unreadable map %lu is damaged", i);
	}
	target_say("DONE\n");
	return 0;
}
