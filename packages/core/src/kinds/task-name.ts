import { prctl } from '../facts/prctl.ts';
import type { TaskCall } from '../machinery/calls/remote.ts';

/** Bytes of a task's name, with the zero behind it. prctl(2), PR_SET_NAME. */
const nameSize = 16;

/** A name as the kernel takes it. */
export function nameBytes(name: string): Buffer {
  const bytes = Buffer.alloc(nameSize);
  bytes.write(name, 0, nameSize - 1, 'latin1');
  return bytes;
}

/** The call that names a thread. */
export function nameCall(name: string): TaskCall {
  return { name: 'prctl', args: [prctl.setName, nameBytes(name), 0, 0, 0], what: 'set its name' };
}
