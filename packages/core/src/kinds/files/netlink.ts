import { EngineError, type NetlinkRecord } from '@criujs/engine-kit';
import { closeFd, LinuxError, readable, syscall } from '@criujs/linux';
import { netlinkFamily, netlinkProtocols } from '../../facts/netlink.ts';
import { among, between, hold, type Rule } from '../rules.ts';
import type { DumpContext, FilePayload, OpenFile } from './dumping.ts';
import { fileTypes } from './file-type.ts';
import { openFlag } from './flags.ts';
import type { Problem, Recognition } from './held.ts';
import { judgeSocket } from './judge-socket.ts';
import type { FileKind } from './kind.ts';
import {
  joinGroups,
  type NetlinkAddress,
  nameNetlink,
  netlinkGroups,
  netlinkName,
  readSwitches,
  turnOn,
} from './netlink-socket.ts';
import type { FileEntry } from './opening.ts';
import { ownPart } from './own-part.ts';
import { hasError } from './pipe-content.ts';
import { longestFilter, readFilter } from './socket-filter.ts';
import { furnishSocket, optionsEntry } from './socket-options.ts';
import { inodeOfLink, readOption, socketOption } from './sockets.ts';

type NetlinkEntry = NonNullable<FileEntry['nlsk']>;

/** What the kernel calls one that leads to somebody else than the kernel. linux/netlink_diag.h */
const netlinkState = { unconnected: 0, connected: 1 } as const;
/** SOCK_RAW; to netlink it is the same as SOCK_DGRAM. socket(2) */
const raw = 3;
const datagram = 2;

/** Sockets to the kernel, and between programs through it. */
export const netlink: FileKind = {
  name: 'netlink socket',
  describe: [
    {
      subject: 'sockets',
      taken: ['netlink sockets (routes, devices, lists of sockets, generic families), with groups, filters and ports'],
      refused: [
        'netlink sockets of audit, netfilter and other protocols, or to which something was sent that nobody has read',
      ],
    },
  ],
  type: fileTypes.NETLINKSK,
  recognise: (file, tree) => judgeSocket(file, tree, judge),
  dump,
  matches: ({ type }) => type === fileTypes.NETLINKSK,
  common: ({ nlsk }) => nlsk,
  load(context) {
    const records = new Map(context.records?.netlinks?.map((it) => [it.id, it]));
    for (const entry of context.entries) hold(entryOf(entry), 'files.img', rules);
    return { open: (entry) => open(entryOf(entry), records.get(entry.id), context.session.warn) };
  },
};

function judge(fd: number, inode: number): Recognition {
  if (readOption(fd, socketOption.SO_DOMAIN) !== netlinkFamily) return null;
  const protocol = readOption(fd, socketOption.SO_PROTOCOL) ?? 0;
  const file = `netlink socket ${inode} (protocol ${protocol})`;
  if (!Object.values<number>(netlinkProtocols).includes(protocol))
    return problem(file, 'the kernel keeps more for sockets of its protocol than it tells', 'close it');
  if (readFilter(fd) === null)
    return problem(file, 'its filter is one of extended BPF, which nobody can read', 'close it');
  if (readable([fd]).length === 0 && !hasError(fd)) return 'mine';
  const waits = problem(file, 'something was sent to it that the program has not read yet', 'read what waits there');
  return { ...waits, passes: true };
}

function problem(file: string, why: string, what: string): Problem {
  return { file, why, remedy: `Let the program ${what} before the dump.` };
}

function dump({ id, seen, owner, fd }: OpenFile, { records }: DumpContext): FilePayload {
  const [here, there] = [netlinkName(fd, 'getsockname'), netlinkName(fd, 'getpeername')];
  const isConnected = there.port !== 0 || there.groups !== 0;
  records.netlinks.push({
    id,
    isDatagram: readOption(fd, socketOption.SO_TYPE) === datagram,
    switches: readSwitches(fd),
  });
  return {
    nlsk: {
      id,
      ino: inodeOfLink(seen.link, 'socket') ?? 0,
      protocol: readOption(fd, socketOption.SO_PROTOCOL) ?? 0,
      state: isConnected ? netlinkState.connected : netlinkState.unconnected,
      flags: seen.flags,
      portid: here.port,
      groups: netlinkGroups(fd),
      dstPortid: there.port,
      dstGroup: groupOf(there),
      fown: owner,
      opts: optionsEntry(fd),
    },
  };
}

/** It leads to one group at most, which is told by its bit. */
function groupOf({ groups }: NetlinkAddress): number {
  return groups === 0 ? 0 : 32 - Math.clz32(groups);
}

/** The kernel knows some hundred groups at most. */
const mostWords = 64;

const rules: readonly Rule<NetlinkEntry>[] = [
  among('the protocol of a netlink socket', ({ protocol }) => protocol, Object.values(netlinkProtocols)),
  between('the group that a netlink socket leads to', ({ dstGroup }) => dstGroup, 0, 32),
  between('the groups of a netlink socket', ({ groups }) => groups.length, 0, mostWords),
  between('the filter of a netlink socket', ({ opts }) => opts.soFilter.length, 0, longestFilter),
];

function entryOf(entry: FileEntry): NetlinkEntry {
  return ownPart(entry, 'nlsk', 'netlink socket');
}

function open(own: NetlinkEntry, record: NetlinkRecord | undefined, warn: (message: string) => void): number {
  const { ino, protocol, portid, groups, dstPortid, dstGroup } = own;
  const fd = syscall('socket', netlinkFamily, (record?.isDatagram ? datagram : raw) | openFlag.O_CLOEXEC, protocol);
  try {
    for (const name of record?.switches ?? [])
      if (!turnOn(fd, name)) warn(`netlink socket ${ino}: NETLINK_${name} cannot be set again`);
    if (portid !== 0) nameNetlink(fd, 'bind', { port: portid, groups: groups[0] ?? 0 });
    joinGroups(fd, groups);
    const mask = dstGroup === 0 ? 0 : 2 ** (dstGroup - 1);
    if (dstPortid !== 0 || mask !== 0) nameNetlink(fd, 'connect', { port: dstPortid, groups: mask });
    furnishSocket(fd, own, `netlink socket ${ino}`, warn);
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error instanceof LinuxError ? failure(own, error) : error;
  }
}

function failure({ ino, portid }: NetlinkEntry, cause: LinuxError): EngineError {
  const isTaken = cause.code === 'EADDRINUSE';
  const what = isTaken ? `another socket has its port ${portid} by now` : `${cause.call} answers ${cause.code}`;
  return new EngineError(
    isTaken ? 'FILE_CHANGED' : cause.code === 'EPERM' ? 'NOT_PERMITTED' : 'KERNEL',
    `netlink socket ${ino} cannot be made again: ${what}`,
    {
      resource: `netlink socket ${ino}`,
      cause,
      remedy: isTaken
        ? 'End the program that has it (`ss -f netlink -p` shows it), and restore again.'
        : 'Restore as root.',
    },
  );
}
