import type { PortedPlugin } from '../answers.ts';
import { CreateError } from '../create-error.ts';

/** Whether an existing plugin dumps open files: then the example holds one that it is asked about. */
export function isAskedAboutFiles(ported: PortedPlugin | null): boolean {
  return ported?.hooks.some(({ hook }) => hook === 'DUMP_EXT_FILE') === true;
}

/** @throws {CreateError} */
export function checkDevice(path: string): void {
  if (/^\/[^\p{Cc}\p{Cf}]*$/u.test(path)) return;
  const what = `the device ${JSON.stringify(path)} is not an absolute path`;
  throw new CreateError('INVALID_ANSWER', what, 'Write it in full: --device /dev/fuse.');
}
