import { EngineError, meaningOf } from '@criujs/engine-kit';
import { LinuxError } from '@criujs/linux';

/** How the kernel answers arguments that make no sense: no right and no limit stands against them. errno(3). */
const senseless: ReadonlySet<string> = new Set([
  'EINVAL',
  'EFAULT',
  'EBADF',
  'EEXIST',
  'EDOM',
  'ERANGE',
  'EOVERFLOW',
  'E2BIG',
  'ENODEV',
  'ENXIO',
  'ENOTDIR',
  'ENOTSOCK',
  'ENOTTY',
  'ELOOP',
  'EIO',
  'ESPIPE',
]);

/** Where the arguments of a call come from, and in whose name it was made. */
export interface CallOrigin {
  readonly pid?: number | undefined;
  /** The image. */
  readonly file?: string | undefined;
}

/** The error for a call that was refused: the image's fault, a right that is missing, or a limit of this machine. */
export function refusedCall(code: string, what: string, { pid, file }: CallOrigin, cause?: unknown): EngineError {
  if (file !== undefined && senseless.has(code))
    return new EngineError('IMAGE_INVALID', `${file}: ${what}`, { pid, resource: file, cause });
  const meaning = meaningOf(code);
  const kind = meaning?.code === 'NOT_PERMITTED' ? 'NOT_PERMITTED' : 'KERNEL';
  return new EngineError(kind, what, { pid, resource: file, remedy: meaning?.remedy, cause });
}

/** Does something with what an image says; the image is to blame for calls that make no sense. */
export function blaming<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    throw refusedCall(error.code, error.message, { file }, error);
  }
}
