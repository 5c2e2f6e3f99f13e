import { syscall } from '@criujs/linux';
import { openFlag } from './flags.ts';

/** Something without any state, which keeps the place of a file whose processes do not exist yet. */
export function keepPlace(): number {
  return syscall('eventfd2', 0, openFlag.O_CLOEXEC);
}
