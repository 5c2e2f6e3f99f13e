import { closeFd, duplicate, openPath, syscall } from '@criujs/linux';
import { terminalCalls } from '../../../facts/terminals.ts';
import { invalid } from '../../rules.ts';
import { openFlag, reopenFlags } from '../flags.ts';
import type { FileEntry, LatePlace, LoadContext, Newborn } from '../opening.ts';
import { fillPty, type Waiting } from './pty-fill.ts';
import { restoreNode } from './pty-node.ts';
import { type OpenMaster, openMasters } from './pty-number.ts';
import { endOfEntry, idOfEnd, type TerminalFile, wasHungUp } from './terminal-entry.ts';
import { tellNumber, writeModes } from './terminal-modes.ts';
import { type Claim, terminalSessions } from './terminal-sessions.ts';

const { O_RDWR, O_NOCTTY, O_NONBLOCK, O_CLOEXEC, O_LARGEFILE } = openFlag;

/** The pseudo terminals of a restore: all of them are made when the first is asked for. */
export interface PtyStore {
  /** A descriptor of the engine's own of the file with this id. @throws EngineError */
  open(id: number): number;
  led(pid: number, leader: Newborn): void;
  afterFork(entry: FileEntry, fd: number, place: LatePlace): void;
}

/** A pseudo terminal of the images. */
export interface Pty {
  readonly number: number;
  /** null: it had been closed, or is outside of the tree. */
  readonly master: TerminalFile | null;
  readonly slaves: readonly TerminalFile[];
}

/** @throws EngineError IMAGE_INVALID */
export function createPtyStore(
  files: readonly TerminalFile[],
  waits: ReadonlyMap<number, Uint8Array>,
  { records, session, untilOpen }: Pick<LoadContext, 'records' | 'session' | 'untilOpen'>,
): PtyStore {
  const ptys = ptysOf(files);
  const recorded = new Map(records?.terminals?.map((it) => [it.index, it]));
  /** Descriptors of open files, by their ids, and those that nobody has asked for yet. */
  const made = new Map<number, number>();
  const waiting = new Set<number>();
  const sessions = terminalSessions(claimsOf(ptys), (id) => made.get(id), session.warn);

  function keep({ entry }: TerminalFile, fd: number): number {
    made.set(entry.id, fd);
    waiting.add(fd);
    return fd;
  }

  function openSlaves(master: number, { slaves }: Pty): void {
    for (const slave of slaves) keep(slave, openSlave(master, slave.flags));
  }

  function waitingIn({ number }: Pty): Waiting {
    const at = (role: 'master' | 'slave'): Uint8Array => waits.get(idOfEnd({ role, number })) ?? new Uint8Array();
    return { atMaster: at('master'), atSlave: at('slave') };
  }

  function make(pty: Pty, master: OpenMaster): void {
    tellNumber(master.fd, terminalCalls.setLock, 0);
    if (pty.master === null) {
      // Whoever has a slave is told that it is hung up when the master is closed.
      openSlaves(master.fd, pty);
      return;
    }
    keep(pty.master, master.fd);
    openSlaves(master.fd, pty);
    const record = recorded.get(pty.number);
    const waiting = waitingIn(pty);
    const isEmpty = waiting.atMaster.length + waiting.atSlave.length === 0;
    if (!isEmpty || (record?.closed === true && pty.slaves.length === 0)) {
      const slave = openSlave(master.fd, O_RDWR | O_NONBLOCK);
      try {
        if (!isEmpty && !fillPty(pty, { master: master.fd, slave }, waiting))
          session.warn(`terminal ${pty.number}: not all that was typed waits there again`);
      } finally {
        closeFd(slave);
      }
    }
    writeModes(master.fd, pty.master.info);
    restoreNode(pty, record?.node ?? null, { master, slave: made.get(pty.slaves[0]?.entry.id ?? 0) });
  }

  function makeAll(): void {
    untilOpen(() => {
      for (const fd of waiting) closeFd(fd);
    });
    openMasters(ptys, make);
  }

  return {
    open(id) {
      if (made.size === 0) makeAll();
      const fd = made.get(id);
      if (fd === undefined) throw invalid('files.img', `terminal ${id} is there twice`);
      waiting.delete(fd);
      return fd;
    },
    led: sessions.take,
    afterFork(entry, fd, place) {
      sessions.put(place);
      const file = files.find((it) => it.entry.id === entry.id);
      if (file !== undefined) putBack(file, fd);
    },
  };
}

/** CRIU says the session of either end. */
function claimsOf(ptys: readonly Pty[]): Claim[] {
  return ptys.flatMap(({ number, master, slaves }) => {
    const said = [master, ...slaves].find((it) => it !== null && it.info.sid !== 0);
    if (said === undefined || said === null || master === null) return [];
    const file = { ...master, info: said.info };
    return [{ name: `terminal ${number}`, file, isMaster: true, isShared: false }];
  });
}

/** What would keep others from opening or reading it meanwhile. */
function putBack(file: TerminalFile, fd: number): void {
  const { exclusive, packetMode, locked } = file.info;
  if (exclusive) syscall('ioctl', fd, terminalCalls.setExclusive, 0);
  if (endOfEntry(file).role === 'slave') return;
  if (packetMode) tellNumber(fd, terminalCalls.setPackets, 1);
  if (locked) tellNumber(fd, terminalCalls.setLock, 1);
}

/**
 * By its master, so that no name of the images decides what is opened. What that gives is not marked O_LARGEFILE, and keeps O_CLOEXEC among its
 * flags; a slave that had been opened by its name is opened once more. ioctl_tty(2), TIOCGPTPEER
 */
function openSlave(master: number, flags: number): number {
  const wanted = reopenFlags(flags) | O_NOCTTY;
  const peer = syscall('ioctl', master, terminalCalls.openSlave, wanted & ~(O_CLOEXEC | O_LARGEFILE));
  try {
    return flags & O_LARGEFILE ? openPath(`/proc/self/fd/${peer}`, wanted) : duplicate(peer);
  } finally {
    closeFd(peer);
  }
}

function ptysOf(files: readonly TerminalFile[]): Pty[] {
  const numbers = [...new Set(files.map((file) => endOfEntry(file).number))].sort((a, b) => a - b);
  return numbers.map((number) => {
    const own = files.filter((file) => endOfEntry(file).number === number);
    const [master = null, ...others] = own.filter((file) => endOfEntry(file).role === 'master');
    const slaves = own.filter((file) => endOfEntry(file).role === 'slave');
    if (others.length > 0) throw invalid('files.img', `terminal ${number} has two masters`);
    if (master === null && !slaves.every(wasHungUp))
      throw invalid('files.img', `terminal ${number} has no master, and was not hung up`);
    return { number, master, slaves };
  });
}
