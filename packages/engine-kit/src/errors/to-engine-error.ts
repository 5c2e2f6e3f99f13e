import type { Thrown } from '@criujs/plugin-sdk';
import { isNodes, meaningOf } from './errno-meanings.ts';
import { EngineError, type EngineErrorCode, type PluginFailure, type Refusal } from './errors.ts';

/** Errors of other families that end a run, by what they look like: never by class, since two copies of a package may meet. */
const families: readonly { recognise(error: Partial<Foreign>): boolean; code(error: Foreign): EngineErrorCode }[] = [
  {
    recognise: (it) => it.name === 'EngineError' || it.name === 'HostError',
    code: (it) => hostCodes(it.code),
  },
  { recognise: (it) => it.name === 'ImageError', code: () => 'IMAGE_INVALID' },
  {
    recognise: (it) =>
      typeof it.code === 'string' && (it.name === 'LinuxError' || typeof it.errno === 'number' || isNodes(it.code)),
    code: (it) => meaningOf(it.code)?.code ?? 'KERNEL',
  },
  { recognise: (it) => it.name === 'PluginError', code: () => 'PLUGIN_FAILED' },
];

/** Codes of the host that only its engine or a plugin's author meets. */
function hostCodes(code: string): EngineErrorCode {
  if (code === 'HOST_STATE') return 'INTERNAL';
  return code.startsWith('SECTION_') ? 'PLUGIN_FAILED' : (code as EngineErrorCode);
}

interface Foreign extends Error {
  readonly code: string;
  readonly errno?: number;
  /** Node's name of the call. */
  readonly syscall?: string;
  readonly remedy?: string;
  readonly pid?: number;
  readonly resource?: string;
  readonly plugin?: string;
  readonly hook?: string;
  /** Of an EngineError. */
  readonly refusals?: readonly Refusal[];
  readonly summary?: string;
  readonly thrown?: Thrown;
  readonly errors?: readonly Foreign[];
}

/** Makes an EngineError of whatever was thrown. Codes of the engine and of the plugin host are kept. */
export function toEngineError(failure: unknown): EngineError {
  try {
    return convert(failure);
  } catch {
    return new EngineError('INTERNAL', 'something was thrown that cannot be looked at');
  }
}

function convert(failure: unknown): EngineError {
  if (failure instanceof EngineError) return failure;
  if (!(failure instanceof Error))
    return new EngineError('INTERNAL', `something that is not an error was thrown: ${String(failure)}`);
  const error = failure as Foreign;
  const code = families.find((it) => it.recognise(error))?.code(error) ?? 'INTERNAL';
  if (error.syscall === 'uv_cwd') return noCurrentDirectory(error);
  const { remedy = meaningOf(error.code)?.remedy, pid, resource, plugin, hook, refusals, summary, thrown } = error;
  const known = { pid, resource, plugin, hook, refusals, summary, thrown, errors: failuresIn(error) };
  return new EngineError(code, error.message, { remedy, ...known, cause: failure });
}

/** Errors as plain data: they cross threads. Only errors of the family have any that are meant so. */
function failuresIn({ name, errors }: Foreign): PluginFailure[] | undefined {
  if ((name !== 'HostError' && name !== 'EngineError') || !Array.isArray(errors)) return undefined;
  return errors.map(({ code, message, remedy, plugin, hook, resource, thrown }: Foreign) => ({
    ...{ code: hostCodes(code), message, remedy, plugin, hook, resource, thrown },
  }));
}

/** What process.cwd() throws. getcwd(3), ENOENT. */
function noCurrentDirectory(cause: Error): EngineError {
  return new EngineError('BAD_OPTION', 'the current directory was removed', {
    remedy: 'Change to a directory that is there: cd /.',
    cause,
  });
}
