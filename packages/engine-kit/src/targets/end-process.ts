import { syscall } from '@criujs/linux';

/** Ends the whole process from any thread; process.exit() of a worker ends the worker only. */
export function endProcess(code: number): never {
  syscall('exit_group', code);
  throw new Error('exit_group returned');
}
