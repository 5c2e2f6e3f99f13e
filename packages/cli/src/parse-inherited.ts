import type { InheritedFd } from '@criujs/core';
import { UsageError } from './usage-error.ts';

/** Reads `fd[N]:FILE`, as criu does. @throws UsageError */
export function parseInherited(text: string): InheritedFd {
  const [, fd, key] = /^fd\[(\d+)\]:(.+)$/s.exec(text) ?? [];
  if (fd !== undefined && key !== undefined) return { fd: Number(fd), key };
  throw new UsageError(
    `--inherit-fd ${text}: this names no descriptor and file`,
    "Write it as in `--inherit-fd 'fd[1]:pipe:[4026]'`, or `--inherit-fd 'fd[5]:var/log/server.log' 5>>new.log`.",
  );
}
