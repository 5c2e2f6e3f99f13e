import { inetOptionNames } from '../../src/facts/inet-options.ts';
import { irrelevant, type Property, refused, restored, warned } from './property.ts';

/** What has words of its own below. */
const told = ['IP_MULTICAST_IF', 'SO_PRIORITY'];

/** Options of TCP, UDP and raw sockets. socket(7), ip(7), ipv6(7), tcp(7), udp(7), raw(7) */
export const optionsOfInet: readonly Property[] = [
  ...restored(
    inetOptionNames.filter((name) => !told.includes(name)).join(' '),
    'set again where it is not as in a new socket',
  ),
  ...restored('SO_PRIORITY', 'set behind IP_TOS, which changes it'),
  ...restored('IP_MULTICAST_IF', 'the device by its address; that one was chosen by its number alone shows nowhere'),
  ...restored('SO_SNDBUF SO_RCVBUF SO_BUF_LOCK', 'the sizes of buffers, and whether the program chose them'),
  ...restored('SO_RCVTIMEO SO_SNDTIMEO', 'timeouts'),
  ...restored('SO_ATTACH_FILTER', 'filters of classic BPF'),
  ...restored('SO_BINDTODEVICE SO_BINDTOIFINDEX', 'the network device, by its name'),
  ...restored('SO_REUSEADDR SO_REUSEPORT', 'set for all that share a port until each has it, then as they were'),
  ...restored(
    'IP_ADD_MEMBERSHIP IP_ADD_SOURCE_MEMBERSHIP IP_BLOCK_SOURCE IPV6_ADD_MEMBERSHIP MCAST_JOIN_GROUP MCAST_JOIN_SOURCE_GROUP MCAST_BLOCK_SOURCE MCAST_MSFILTER',
    'multicast groups, with their sources: the kernel tells whether a socket is a member of a group that /proc/net/igmp or igmp6 shows',
  ),
  ...restored('SO_ACCEPTCONN', 'that it listens, and how many may wait'),
  ...warned(
    'SO_ATTACH_REUSEPORT_CBPF SO_ATTACH_REUSEPORT_EBPF',
    'whether a program chooses among sockets that share a port shows nowhere: a dump of several that do says so',
  ),
  ...refused('SO_ATTACH_BPF', 'filters of extended BPF, which nobody can read'),
  ...refused('SO_ERROR', 'an error that waits: asking for it takes it away'),
  ...refused('TCP_ULP', 'something else that works upon a TCP socket'),
  ...refused('TCP_MD5SIG TCP_MD5SIG_EXT TCP_AO_ADD_KEY', 'keys that sign what is sent, where the kernel tells of them'),
  ...irrelevant(
    'SO_TYPE SO_DOMAIN SO_PROTOCOL SO_COOKIE SO_NETNS_COOKIE SO_MEMINFO',
    'what it is, which no program sets',
  ),
  ...irrelevant('SO_INCOMING_CPU SO_INCOMING_NAPI_ID', 'where the last packet came in'),
  ...irrelevant('TCP_QUICKACK TCP_TIMESTAMP TCP_INFO TCP_CC_INFO', 'changes by itself'),
  ...irrelevant(
    'IP_IPSEC_POLICY IP_XFRM_POLICY IPV6_IPSEC_POLICY IPV6_XFRM_POLICY IPV6_PKTINFO IPV6_FLOWLABEL_MGR IPV6_JOIN_ANYCAST',
    'shows nowhere: nobody can tell whether a socket has one, the program neither',
  ),
];
