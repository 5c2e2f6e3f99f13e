// A server: it listens, and sends back what its clients send, however many they are. The file `port` says where. A tick: nothing was wrong.
// SERVER_FAMILY: 6. SERVER_ADDRESS: where it listens, IPv4. SERVER_HOLDS: it reads nothing until there is a file `read`.
#include "target.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

enum { CLIENTS = 16, ROOM = 65536 };
static struct pollfd all[CLIENTS + 1];
static int clients;
static char room[ROOM];

// Whatever a poll is interrupted by.
static void wait_for(int ms)
{
	if (poll(all, clients + 1, ms) < 0 && errno != EINTR)
		target_fail("poll: %s", strerror(errno));
}

static void say_port(int fd)
{
	struct sockaddr_in6 at;
	must(getsockname(fd, (struct sockaddr *)&at, &(socklen_t){ sizeof(at) }));
	char text[16];
	int length = snprintf(text, sizeof(text), "%d\n", ntohs(at.sin6_port)), file = must(open("port.new", O_WRONLY | O_CREAT | O_TRUNC, 0644));
	expect(write(file, text, length) == length, "cannot say the port");
	must(close(file));
	must(rename("port.new", "port"));
}

// Whether the client is still there. What ends a connection is said in a file, and is no failure: it is what some tests are about.
static bool serve(int fd)
{
	ssize_t got = recv(fd, room, sizeof(room), MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (got > 0) {
		for (ssize_t put = 0; put < got;) {
			ssize_t some = send(fd, room + put, got - put, MSG_NOSIGNAL);
			expect(some > 0 || errno == EINTR, "send: %s", strerror(errno));
			put += some > 0 ? some : 0;
		}
		return true;
	}
	char text[64];
	int length = snprintf(text, sizeof(text), "%s\n", got == 0 ? "end" : strerror(errno)), file = must(open(target_path("over"), O_WRONLY | O_CREAT | O_APPEND, 0644));
	expect(write(file, text, length) == length, "cannot say what is over");
	must(close(file));
	must(close(fd));
	return false;
}

int main(void)
{
	target_start();
	bool is6 = target_option("SERVER_FAMILY"), holds = target_option("SERVER_HOLDS");
	int listener = must(socket(is6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0));
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	if (target_option("SERVER_ADDRESS"))
		expect(inet_pton(AF_INET, target_option("SERVER_ADDRESS"), &v4.sin_addr) == 1, "no address");
	must(is6 ? bind(listener, (struct sockaddr *)&v6, sizeof(v6)) : bind(listener, (struct sockaddr *)&v4, sizeof(v4)));
	must(listen(listener, CLIENTS));
	say_port(listener);
	all[0] = (struct pollfd){ listener, POLLIN, 0 };
	for (unsigned long number = 1; !target_finishing();) {
		if (target_paused()) {
			rest(5);
			continue;
		}
		if (holds && !target_asked("read")) {
			rest(5);
			target_tick(number++);
			continue;
		}
		wait_for(20);
		if (all[0].revents & POLLIN)
			all[++clients] = (struct pollfd){ must(accept(listener, NULL, NULL)), POLLIN, 0 };
		for (int at = 1; at <= clients; at++)
			if (all[at].revents && !serve(all[at].fd))
				all[at--] = all[clients--];
		target_tick(number++);
	}
	target_say("DONE\n");
	return 0;
}
