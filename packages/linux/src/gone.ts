/** What the kernel answers about a process, a thread or a descriptor that is not there any more. */
const goneCodes: ReadonlySet<unknown> = new Set(['ENOENT', 'ESRCH', 'EBADF', 'ECHILD']);

/**
 * Whether an error says that a process, a thread or a descriptor has gone: ENOENT and ESRCH of /proc/PID (proc(5)), ESRCH of
 * a call about it, EBADF of a descriptor, ECHILD of wait4(2). Takes errors of Node and of this package.
 */
export function isGone(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && goneCodes.has(error.code);
}

/** What `look` gives, or `otherwise` where what it looks at went meanwhile. Other errors are thrown. */
export function unlessGone<T, U = never>(look: () => T, otherwise: T | U): T | U {
  try {
    return look();
  } catch (error) {
    if (isGone(error)) return otherwise;
    throw error;
  }
}
