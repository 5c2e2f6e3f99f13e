import { isNodes, meaningOf } from './errno-meanings.ts';
import { EngineError, type EngineErrorCode, type Refusal } from './errors.ts';

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
}

/** Makes an EngineError of whatever was thrown. Codes of the engine and of the plugin host are kept. */
export function toEngineError(thrown: unknown): EngineError {
  try {
    return convert(thrown);
  } catch {
    return new EngineError('INTERNAL', 'something was thrown that cannot be looked at');
  }
}

function convert(thrown: unknown): EngineError {
  if (thrown instanceof EngineError) return thrown;
  if (!(thrown instanceof Error))
    return new EngineError('INTERNAL', `something that is not an error was thrown: ${String(thrown)}`);
  const error = thrown as Foreign;
  const code = families.find((it) => it.recognise(error))?.code(error) ?? 'INTERNAL';
  if (error.syscall === 'uv_cwd') return noCurrentDirectory(error);
  const { remedy = meaningOf(error.code)?.remedy, pid, resource, plugin, hook, refusals, summary } = error;
  const known = { pid, resource, plugin, hook, refusals, summary };
  return new EngineError(code, error.message, { remedy, ...known, cause: thrown });
}

/** What process.cwd() throws. getcwd(3), ENOENT. */
function noCurrentDirectory(cause: Error): EngineError {
  return new EngineError('BAD_OPTION', 'the current directory was removed', {
    remedy: 'Change to a directory that is there: cd /.',
    cause,
  });
}
