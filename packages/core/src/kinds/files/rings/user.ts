import { LinuxError, readStatus } from '@criujs/linux';
import { capability, capabilityData, capabilityHeader, dropCapability } from '../../../facts/capabilities.ts';
import type { LatePlace } from '../opening.ts';

// What is registered with a ring later stays in memory, and counts against the limit of whoever made it, unless that one may lock what it
// likes. RLIMIT_MEMLOCK in getrlimit(2)

/** setresuid(2) leaves what is -1. */
const unchanged = -1;

/** Whose limit counts for the rings of a process: a user's id; null: nobody's (CAP_IPC_LOCK). */
export function lockingUser(pid: number): number | null {
  const { capEff, uids } = readStatus(pid);
  return capEff & (1n << BigInt(capability.IPC_LOCK)) ? null : uids[0];
}

/** Makes something at a place as a user whose limit counts, and becomes again what it was. null: as whoever it is. */
export function asLockingUser<T>(user: number | null, place: LatePlace, make: () => T): T {
  if (user === null) return make();
  const [real = user] = idsAt(place);
  const had = capabilitiesAt(place);
  const become = (uid: number, capabilities: Buffer): void => {
    setReal(place, uid);
    setCapabilities(place, capabilities);
  };
  become(user, without(capability.IPC_LOCK, had));
  try {
    return make();
  } finally {
    become(real, had);
  }
}

function idsAt(place: LatePlace): number[] {
  const ids = [Buffer.alloc(4), Buffer.alloc(4), Buffer.alloc(4)];
  place.call('getresuid', ids);
  return ids.map((id) => id.readUInt32LE());
}

/** Who may not become that user counts by its own limit. */
function setReal(place: LatePlace, uid: number): void {
  try {
    place.call('setresuid', [uid, unchanged, unchanged]);
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
  }
}

function capabilitiesAt(place: LatePlace): Buffer {
  const found = Buffer.alloc(capabilityData.size);
  place.call('capget', [capabilityHeader(), found]);
  return found;
}

function setCapabilities(place: LatePlace, capabilities: Buffer): void {
  place.call('capset', [capabilityHeader(), capabilities]);
}

/** The same, with one less in force. */
function without(number: number, capabilities: Buffer): Buffer {
  const less = Buffer.from(capabilities);
  dropCapability(new DataView(less.buffer, less.byteOffset, less.length), number);
  return less;
}
