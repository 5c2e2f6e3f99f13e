import { trySyscall } from '@criujs/linux';
import { procList } from './processes.ts';

/** Whoever started the tests may have left descriptors open: no target is to be dumped with them. */
export function keepDescriptors(): void {
  const F_GETFD = 1;
  const F_SETFD = 2;
  const FD_CLOEXEC = 1;
  for (const fd of procList(process.pid, 'fd').map(Number)) {
    if (fd > 2 && trySyscall('fcntl', fd, F_GETFD) === 0) trySyscall('fcntl', fd, F_SETFD, FD_CLOEXEC);
  }
}
