import { getSystemErrorMap } from 'node:util';
import { errno as table } from './errno.ts';

/** Error numbers by name. Names outside the table answer undefined. */
export const errno: typeof table & Readonly<Record<string, number>> = table;

const names: ReadonlyMap<number, string> = new Map(Object.entries(table).map(([name, number]) => [number, name]));

/** The name of an error number, e.g. `EPERM` for 1. A number that Linux does not define answers `ERRNO_<number>`. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `ERRNO_${errno}`;
}

/** What a LinuxError says beyond the call and the error number. */
export interface LinuxErrorDetails {
  /** What the call was about, e.g. `thread 12` or `/proc/12/maps`. */
  readonly about?: string;
  /** Replaces the name of the error number, for conditions that the kernel does not number. */
  readonly code?: string;
  /** What happened, when the error number alone does not tell. */
  readonly reason?: string;
  /** What the reader can do about it. */
  readonly remedy?: string;
  readonly pid?: number;
}

/** A system call that failed. `code` is the kernel's name of the error, `call` the call that answered it. */
export class LinuxError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly call: string;
  declare readonly remedy?: string;
  declare readonly pid?: number;

  constructor(call: string, errno: number, details: LinuxErrorDetails = {}) {
    const code = details.code ?? errnoName(errno);
    const reason = details.reason ?? getSystemErrorMap().get(-errno)?.[1];
    super(`${call}${details.about ? ` ${details.about}` : ''}: ${code}${reason ? `: ${reason}` : ''}`);
    this.name = 'LinuxError';
    this.code = code;
    this.errno = errno;
    this.call = call;
    if (details.remedy !== undefined) this.remedy = details.remedy;
    if (details.pid !== undefined) this.pid = details.pid;
  }
}
