// Sockets to a host or guest of virtual machines, vsock(7): one that listens, one that is new. A tick: they are what they were.
#include "target.h"
#include <linux/vm_sockets.h>
#include <sys/socket.h>

int main(void)
{
	target_start();
	int listener = must(socket(AF_VSOCK, SOCK_STREAM, 0)), fresh = must(socket(AF_VSOCK, SOCK_STREAM, 0));
	struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = VMADDR_PORT_ANY }, now;
	must(bind(listener, (struct sockaddr *)&address, sizeof(address)));
	must(listen(listener, 5));
	must(getsockname(listener, (struct sockaddr *)&address, &(socklen_t){ sizeof(address) }));
	for (unsigned long tick = 1; !target_finishing();) {
		must(getsockname(listener, (struct sockaddr *)&now, &(socklen_t){ sizeof(now) }));
		expect(now.svm_port == address.svm_port, "it listens at %u, not at %u", now.svm_port, address.svm_port);
		must(getsockname(fresh, (struct sockaddr *)&now, &(socklen_t){ sizeof(now) }));
		if (!target_paused())
			target_tick(tick++);
		rest(20);
	}
	target_say("DONE\n");
	return 0;
}
