import { syscall } from '@criujs/linux';

const closeOnExec = 0o2000000;

/**
 * A file that no kind takes, on any kernel and for any user: a userfaultfd for faults of the program itself. Tests of what plugins are asked for
 * use it. userfaultfd(2), UFFD_USER_MODE_ONLY
 */
export function unknownFile(): number {
  return syscall('userfaultfd', 1 | closeOnExec);
}
