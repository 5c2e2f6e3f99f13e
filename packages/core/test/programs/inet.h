// What programs with internet sockets have in common: addresses, and options that are set once and looked at each tick.
#pragma once
#include <arpa/inet.h>
#include <linux/in6.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/socket.h>

// Newer than the headers of some systems.
enum { FREEBIND6 = 78, ORIGDST6 = 74, MCAST_ALL6 = 29, BIND_NO_PORT = 24, MSFILTER = 48, JOIN_SOURCE = 46, UDP_LITE = 136, BUF_LOCK = 72 };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static inline union address address_of(const char *host, int port)
{
	union address it = { 0 };
	if (strchr(host, ':')) {
		it.v6.sin6_family = AF_INET6;
		it.v6.sin6_port = htons(port);
		expect(inet_pton(AF_INET6, host, &it.v6.sin6_addr) == 1, "%s is no address", host);
	} else {
		it.v4.sin_family = AF_INET;
		it.v4.sin_port = htons(port);
		expect(inet_pton(AF_INET, host, &it.v4.sin_addr) == 1, "%s is no address", host);
	}
	return it;
}

static inline socklen_t length_of(const union address *it)
{
	return it->any.sa_family == AF_INET ? sizeof(it->v4) : sizeof(it->v6);
}

static inline int inet_bind(int fd, const char *host, int port)
{
	union address it = address_of(host, port);
	must(bind(fd, &it.any, length_of(&it)));
	return fd;
}

static inline union address name_of(int fd)
{
	union address it = { 0 };
	must(getsockname(fd, &it.any, &(socklen_t){ sizeof(it) }));
	return it;
}

static inline int port_of(const union address *it)
{
	return ntohs(it->any.sa_family == AF_INET ? it->v4.sin_port : it->v6.sin6_port);
}

static inline void lead(int from, int to)
{
	union address it = name_of(to);
	must(connect(from, &it.any, length_of(&it)));
}

// A socket, one of its options, and what that is to be.
struct kept_option {
	int fd, level, name, value;
};

static struct kept_option kept_options[256];
static int kept_count;

static inline int get(int fd, int level, int name)
{
	int value = -1;
	if (getsockopt(fd, level, name, &value, &(socklen_t){ sizeof(value) }) < 0)
		target_fail("option %d of level %d of %d: %s", name, level, fd, strerror(errno));
	return value;
}

static inline void set(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)) < 0)
		target_fail("option %d of level %d of %d cannot be %d: %s", name, level, fd, value, strerror(errno));
}

// Remembers an option as it is now.
static inline void keep(int fd, int level, int name)
{
	expect(kept_count < (int)(sizeof(kept_options) / sizeof(*kept_options)), "too many options");
	kept_options[kept_count++] = (struct kept_option){ fd, level, name, get(fd, level, name) };
}

static inline void set_kept(int fd, int level, int name, int value)
{
	set(fd, level, name, value);
	keep(fd, level, name);
}

static inline void look_at_options(void)
{
	for (int at = 0; at < kept_count; at++) {
		struct kept_option *it = &kept_options[at];
		int now = get(it->fd, it->level, it->name);
		expect(now == it->value, "option %d of level %d of %d was %d and is %d", it->name, it->level, it->fd, it->value, now);
	}
}

struct kept_name {
	int fd;
	union address here, there;
	bool leads;
};

static struct kept_name kept_names[64];
static int named_count;

// Remembers where a socket is, and where it leads.
static inline int keep_name(int fd)
{
	struct kept_name *it = &kept_names[named_count++];
	*it = (struct kept_name){ .fd = fd, .here = name_of(fd) };
	it->leads = getpeername(fd, &it->there.any, &(socklen_t){ sizeof(it->there) }) == 0;
	return fd;
}

static inline void look_at_names(void)
{
	for (int at = 0; at < named_count; at++) {
		struct kept_name *it = &kept_names[at];
		union address here = name_of(it->fd), there = { 0 };
		bool leads = getpeername(it->fd, &there.any, &(socklen_t){ sizeof(there) }) == 0;
		expect(!memcmp(&here, &it->here, sizeof(here)), "the address of %d is another, port %d", it->fd, port_of(&here));
		expect(leads == it->leads && !memcmp(&there, &it->there, sizeof(there)), "%d leads to port %d", it->fd, port_of(&there));
	}
}
