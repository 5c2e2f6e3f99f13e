import { type DumpedFile, pid } from '@criujs/plugin-sdk';
import type { Holder } from './held.ts';

/** A holder as plugins are told. */
export function sdkHolder(holder: Holder): DumpedFile['holders'][number] {
  return { pid: pid(holder.pid), fd: holder.fd };
}
