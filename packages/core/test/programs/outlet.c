// A datagram socket that leads to a name outside of the tree, as that of syslog(3) does. OUTLET_AT is that name. A tick: one is sent.
// OUTLET_SERVER: who has that name instead; a tick: one was received.
#include "target.h"
#include <sys/socket.h>
#include <sys/un.h>

int main(void)
{
	target_start();
	struct sockaddr_un address = { .sun_family = AF_UNIX }, peer;
	strncpy(address.sun_path, target_option("OUTLET_AT"), sizeof(address.sun_path) - 1);
	bool serves = target_option("OUTLET_SERVER");
	int fd = must(socket(AF_UNIX, SOCK_DGRAM, 0));
	must((serves ? bind : connect)(fd, (struct sockaddr *)&address, sizeof(address)));
	for (unsigned long tick = 1; !target_finishing(); rest(3)) {
		char byte = 'x';
		if (serves) {
			// Else the server's own tests would need somebody who sends.
			if (recv(fd, &byte, 1, MSG_DONTWAIT) == 1 || tick < 4)
				target_tick(tick++);
			continue;
		}
		if (target_paused())
			continue;
		must(getpeername(fd, (struct sockaddr *)&peer, &(socklen_t){ sizeof(peer) }));
		expect(strcmp(peer.sun_path, address.sun_path) == 0, "it leads to %s", peer.sun_path);
		expect(send(fd, &byte, 1, MSG_DONTWAIT) == 1 || errno == EAGAIN, "nobody takes it: %s", strerror(errno));
		target_tick(tick++);
	}
	target_say("DONE\n");
	return 0;
}
