import { constants } from 'node:os';

/** What CRIU's plugins answer to decline: errno 95 of Linux, and the one of this platform, if it is another. */
const declines: readonly unknown[] = [-95, -constants.errno.ENOTSUP];

/** EAGAIN is EWOULDBLOCK by number, and ENOTSUP is EOPNOTSUPP: the first name is the usual one. */
const preferred = new Set(['EAGAIN', 'ENOTSUP']);

const names = new Map<number, string>();
for (const [name, number] of Object.entries(constants.errno)) {
  if (!names.has(number) || preferred.has(name)) names.set(number, name);
}

/** Whether an old function's answer means: ask another plugin. */
export function isDecline(answer: unknown): boolean {
  return declines.includes(answer);
}

/** Whether this is the negative of an error number (errno(3)): Linux keeps -4095 to -1 for them. */
export function isNegativeErrno(answer: unknown): answer is number {
  return Number.isInteger(answer) && (answer as number) < 0 && (answer as number) >= -4095;
}

/** `EACCES` for -13; undefined for a number that has no name. */
export function errnoName(negative: number): string | undefined {
  return names.get(-negative);
}

/** The reverse: what a C function would get for an error. -1 if nothing better is known, as in CRIU. */
export function negativeErrno(error: unknown): number {
  const { errno, code } = Object(error) as { errno?: unknown; code?: unknown };
  if (Number.isInteger(errno)) return -Math.abs(errno as number);
  const known: Readonly<Record<string, number>> = constants.errno;
  return -(known[String(errno)] ?? known[String(code)] ?? 1);
}
