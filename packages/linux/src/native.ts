import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errno, LinuxError } from './errors.ts';
import { type Koffi, type Library, loadKoffi } from './koffi.ts';
import { processorSupported } from './processor/processor.ts';

/** koffi and the C library of one thread. Loaded on first use, so that the package can be imported anywhere. */
export interface Native {
  readonly koffi: Koffi;
  readonly libc: Library;
  /** By what the C library was found. */
  readonly libraryPath: string;
}

/** glibc first, then musl by the names that its distributions install. */
const libraryNames = ['libc.so.6', 'libc.musl-x86_64.so.1', 'ld-musl-x86_64.so.1'] as const;

let loaded: Native | undefined;

/** @throws LinuxError `UNSUPPORTED_PLATFORM` where there is no Linux, no known processor or no C library. */
export function native(): Native {
  loaded ??= load();
  return loaded;
}

/** Whether this thread has loaded it. What only looks, on the main thread, does without. */
export function isNativeLoaded(): boolean {
  return loaded !== undefined;
}

function load(): Native {
  if (process.platform !== 'linux') {
    throw unsupported(`this is ${process.platform}`, 'Run it on Linux, in a virtual machine or a container.');
  }
  if (!processorSupported) {
    throw unsupported(`the processor is ${process.arch}`, 'Run it with Node for x64: only x86-64 is supported so far.');
  }
  const koffi = koffiOfHere();
  return { koffi, ...loadLibrary(koffi) };
}

function koffiOfHere(): Koffi {
  try {
    return loadKoffi(dirname(fileURLToPath(import.meta.url)));
  } catch (cause) {
    const error = unsupported(
      `koffi does not load (${(cause as Error).message})`,
      'Install again without --omit=optional: the koffi binary is an optional dependency.',
    );
    error.cause = cause;
    throw error;
  }
}

function loadLibrary(koffi: Koffi): Pick<Native, 'libc' | 'libraryPath'> {
  for (const name of libraryNames) {
    try {
      return { libc: koffi.load(name), libraryPath: name };
    } catch {
      // the next name may be the one of this system
    }
  }
  throw unsupported(`none of ${libraryNames.join(', ')} loads`, 'Run it with Node linked to glibc or musl.');
}

function unsupported(reason: string, remedy: string): LinuxError {
  return new LinuxError('@criujs/linux', errno.ENOSYS, { code: 'UNSUPPORTED_PLATFORM', reason, remedy });
}
