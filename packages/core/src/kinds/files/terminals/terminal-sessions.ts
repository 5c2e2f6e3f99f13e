import { errnoName, LinuxError } from '@criujs/linux';
import { terminalCalls } from '../../../facts/terminals.ts';
import { invalid } from '../../rules.ts';
import { openFlag } from '../flags.ts';
import type { LatePlace, Newborn } from '../opening.ts';
import { type TerminalFile, terminalsImage } from './terminal-entry.ts';

/** Controlling terminals of the sessions of a tree, and the groups in their foreground. tty_ioctl(4) */
export interface TerminalSessions {
  /** Has the leader of a session take its terminal: who is born later into the session has it, too. */
  take(pid: number, leader: Newborn): void;
  /** Puts the groups in the foreground, once, when all are there. */
  put(place: LatePlace): void;
}

/** A terminal that a session of the images has, or may have. */
export interface Claim {
  /** Its name, for errors. */
  readonly name: string;
  /** An open file of it; its information says of which session it is. */
  readonly file: TerminalFile;
  /** Whether that is the master of a pseudo terminal, whose slave is taken. */
  readonly isMaster: boolean;
  /** Whether its session may be another's, outside of the tree: then nobody takes it. */
  readonly isShared: boolean;
}

const { O_RDWR, O_NOCTTY, O_CLOEXEC } = openFlag;

/**
 * @param fdOf the engine's descriptor of an open file, by its id
 * @throws EngineError IMAGE_INVALID where one session has two terminals
 */
export function terminalSessions(
  claims: readonly Claim[],
  fdOf: (id: number) => number | undefined,
  warn: (message: string) => void,
): TerminalSessions {
  const sessions = new Map<number, Claim>();
  for (const claim of claims) {
    const { sid } = claim.file.info;
    if (sid === 0) continue;
    const other = sessions.get(sid);
    if (other !== undefined)
      throw invalid(terminalsImage, `session ${sid} has two terminals: ${other.name} and ${claim.name}`);
    sessions.set(sid, claim);
  }
  const taken = new Set<number>();
  let isPut = false;

  /** A number of the file in a process; it has those of all files that the engine has opened. */
  function numberIn(process: Newborn, { file }: Claim): number {
    return process.at(fdOf(file.entry.id) as number);
  }

  function takeSlave(leader: Newborn, claim: Claim): void {
    const how = O_RDWR | O_NOCTTY | O_CLOEXEC;
    const slave = leader.call('ioctl', [numberIn(leader, claim), terminalCalls.openSlave, how]);
    leader.call('ioctl', [slave, terminalCalls.becomeControlling, 0]);
    leader.call('close', [slave]);
  }

  /** Whether a call was made that may fail, which is a warning. */
  function tries(what: string, call: () => unknown): boolean {
    try {
      call();
      return true;
    } catch (error) {
      if (!(error instanceof LinuxError)) throw error;
      warn(`${what} (${errnoName(error.errno)})`);
      return false;
    }
  }

  return {
    take(pid, leader) {
      const claim = sessions.get(pid);
      if (claim === undefined) return;
      const { name, isMaster, isShared } = claim;
      const taking = (): unknown =>
        isMaster
          ? takeSlave(leader, claim)
          : leader.call('ioctl', [numberIn(leader, claim), terminalCalls.becomeControlling, 0]);
      if (!isShared) taking();
      else if (!tries(`${name}: it controls another session, and so session ${pid} has no terminal`, taking)) return;
      taken.add(pid);
    },
    put(place) {
      if (isPut) return;
      isPut = true;
      for (const [sid, claim] of sessions) {
        const { pgrp } = claim.file.info;
        const leader = place.process(sid);
        if (leader === undefined && !claim.isShared)
          throw invalid(terminalsImage, `${claim.name} is of session ${sid}, whose leader the images do not have`);
        if (leader === undefined || pgrp === 0 || !taken.has(sid)) continue;
        const group = Buffer.alloc(4);
        group.writeInt32LE(place.now(pgrp) ?? pgrp);
        tries(`${claim.name}: its foreground group ${pgrp} cannot be put back`, () =>
          leader.call('ioctl', [numberIn(leader, claim), terminalCalls.setForeground, group]),
        );
      }
    },
  };
}
