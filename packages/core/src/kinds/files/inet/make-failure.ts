import { EngineError } from '@criujs/engine-kit';
import type { LinuxError } from '@criujs/linux';
import { entryWords } from './entry.ts';
import type { InetEntry } from './entry-options.ts';
import { portHolder } from './holder.ts';

interface Meaning {
  readonly code: 'FILE_CHANGED' | 'NOT_PERMITTED';
  readonly why: (own: InetEntry) => string;
  readonly remedy: string;
}

/** What errors of socket(2), bind(2), listen(2) and connect(2) mean here. */
const meanings: Readonly<Record<string, Meaning>> = {
  EADDRINUSE: {
    code: 'FILE_CHANGED',
    why: (own) => `${portHolder(own) ?? 'another socket'} has its port ${own.srcPort} by now`,
    remedy: 'End the program that has it (`ss -anp` shows it), and restore again.',
  },
  EADDRNOTAVAIL: {
    code: 'FILE_CHANGED',
    why: () => 'no network device of this machine has its address',
    remedy: 'Give a device that address (`ip address add`), and restore again.',
  },
  ENETUNREACH: {
    code: 'FILE_CHANGED',
    why: () => 'no route leads to where it led',
    remedy: 'Bring the network up, and restore again.',
  },
  EACCES: { code: 'NOT_PERMITTED', why: () => 'this user may not have such a socket', remedy: 'Restore as root.' },
  EPERM: { code: 'NOT_PERMITTED', why: () => 'this user may not have such a socket', remedy: 'Restore as root.' },
};

/** What a failed call means for a socket of the images. */
export function makeFailure(own: InetEntry, cause: LinuxError): EngineError {
  const meaning = meanings[cause.code];
  if (meaning === undefined) return cannotMake(own, `${cause.call} answers ${cause.code}`, { code: 'KERNEL', cause });
  return cannotMake(own, meaning.why(own), { code: meaning.code, remedy: meaning.remedy, cause });
}

/** That a socket of the images cannot be made again. */
export function cannotMake(
  own: InetEntry,
  why: string,
  details: { readonly code?: Meaning['code'] | 'KERNEL'; readonly remedy?: string; readonly cause?: unknown },
): EngineError {
  const what = entryWords(own);
  const { code = 'FILE_CHANGED', ...others } = details;
  return new EngineError(code, `${what} cannot be made again: ${why}`, { resource: what, ...others });
}
