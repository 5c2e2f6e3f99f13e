import { arena, trySyscall } from '@criujs/linux';
import type { Area, Inquiry } from '../../machinery/calls/ask.ts';
import type { ProcessProblem } from '../processes/kind.ts';
import type { ThreadKind, ThreadPart } from './kind.ts';

/** KEYCTL_* of keyctl(2). */
const operation = { keyringId: 0, describe: 6, read: 11 } as const;

/** KEY_SPEC_*: the caller's own keyrings. keyctl(2). */
const special = { thread: -1, process: -2, session: -3, user: -4 } as const;

/** So many keys of a keyring are looked at: one is too many already. */
const mostKeys = 16;

/**
 * Keys that the kernel holds for a thread, a process or a login session. A keyring cannot be filled with the same keys again, so
 * they are refused, but for those of the engine's own session, which a restored thread has again. keyrings(7).
 */
export const keyrings: ThreadKind = {
  name: 'keyrings',
  describe: [{ subject: 'rights and limits', refused: ['keys of a thread, a process or another session (`keyctl`)'] }],
  ask,
  calls(_, { recorded, warn }) {
    const wanted = recorded?.sessionKeyring;
    if (wanted !== undefined && ownSession() !== wanted)
      warn(`it held the keys of session keyring ${wanted}, and has those of another session now`);
    return [];
  },
};

function ask(area: Area): Inquiry<ThreadPart> {
  const keys = area.reserve(mostKeys * 4);
  return {
    calls: [
      ['keyctl', operation.keyringId, special.thread, 0],
      ['keyctl', operation.keyringId, special.process, 0],
      ['keyctl', operation.keyringId, special.session, 0],
      ['keyctl', operation.keyringId, special.user, 0],
      ['keyctl', operation.read, special.session, keys, mostKeys * 4],
      ['keyctl', operation.read, special.thread, 0, 0],
      ['keyctl', operation.read, special.process, 0, 0],
    ],
    answer(answers, read) {
      const [thread = -1, process = -1, session = -1, user = -1, length = -1, ofThread = 0, ofProcess = 0] = answers;
      const count = Math.min(mostKeys, Math.max(0, length) >> 2);
      const serials = Array.from({ length: count }, (_, at) => read(keys + at * 4, 4).readInt32LE(0));
      const hasKeys = serials.some((serial) => serial !== user && !isInvocation(serial));
      const shared = hasKeys && session === ownSession();
      return {
        ...(shared ? { record: { sessionKeyring: session } } : {}),
        refused: [
          ...(ofThread > 0 ? [refuseKeyring('thread', thread)] : []),
          ...(ofProcess > 0 ? [refuseKeyring('process', process)] : []),
          ...(hasKeys && !shared ? [refuseKeyring('session', session)] : []),
        ],
      };
    },
  };
}

function refuseKeyring(of: 'thread' | 'process' | 'session', serial: number): ProcessProblem {
  return {
    resource: `${of} keyring ${serial}`,
    why: 'it holds keys, and no other keyring can be given the same ones',
    remedy: 'Clear the keyring, or move its keys to the user keyring (keyctl(1)).',
  };
}

/** Bytes of a description that are looked at; a longer one is another key's. */
const descriptionLength = 256;

/** The key by which systemd tells a service which start of it this is: no program looks for it. systemd.exec(5), KeyringMode. */
function isInvocation(serial: number): boolean {
  return arena.scope(() => {
    const block = arena.alloc(descriptionLength);
    const length = trySyscall('keyctl', operation.describe, serial, block.address, descriptionLength);
    if (length <= 0 || length > descriptionLength) return false;
    // type;uid;gid;permissions;description and a zero.
    return (
      block.bytes
        .subarray(0, length - 1)
        .toString('latin1')
        .split(';')
        .slice(4)
        .join(';') === 'invocation_id'
    );
  });
}

/** Only asked where a thread has keys in its own: asking gives the engine one. */
function ownSession(): number {
  return trySyscall('keyctl', operation.keyringId, special.session, 0);
}
