import { EngineError, type EngineErrorCode, type Refusal } from '../errors.ts';
import { isNodes, meaningOf } from './errno-meanings.ts';

/** An error on its way between threads: structured clone would drop its fields. */
export interface WireError {
  readonly code: EngineErrorCode;
  readonly message: string;
  readonly remedy: string;
  readonly pid?: number | undefined;
  readonly resource?: string | undefined;
  readonly plugin?: string | undefined;
  readonly hook?: string | undefined;
  readonly refusals?: readonly Refusal[] | undefined;
  readonly stack?: string | undefined;
  /** Messages of the chain of causes, the nearest first. */
  readonly causes: readonly string[];
}

/** No chain of causes is followed further than this: a chain may be a ring. */
const maxCauses = 8;

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
}

/** Makes an EngineError of whatever was thrown. Codes of the engine and of the plugin host are kept. */
export function toEngineError(thrown: unknown): EngineError {
  if (thrown instanceof EngineError) return thrown;
  if (!(thrown instanceof Error))
    return new EngineError('INTERNAL', `something that is no error was thrown: ${String(thrown)}`);
  const error = thrown as Foreign;
  const code = families.find((it) => it.recognise(error))?.code(error) ?? 'INTERNAL';
  if (error.syscall === 'uv_cwd') return noCurrentDirectory(error);
  const { remedy = meaningOf(error.code)?.remedy, pid, resource, plugin, hook } = error;
  return new EngineError(code, error.message, { remedy, pid, resource, plugin, hook, cause: thrown });
}

/** What process.cwd() throws. getcwd(3), ENOENT. */
function noCurrentDirectory(cause: Error): EngineError {
  return new EngineError('BAD_OPTION', 'the current directory was removed', {
    remedy: 'Change to a directory that is there: cd /.',
    cause,
  });
}

/** Takes an error apart, field by field. */
export function encodeError(thrown: unknown): WireError {
  const error = toEngineError(thrown);
  const { code, message, remedy, pid, resource, plugin, hook, refusals, stack } = error;
  const causes: string[] = [];
  for (let cause = error.cause; cause !== undefined && causes.length < maxCauses; ) {
    const text = cause instanceof Error ? cause.message : String(cause);
    if (text !== message) causes.push(text);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return { code, message, remedy, pid, resource, plugin, hook, refusals, stack, causes };
}

/** Puts an error together again. Its stack is that of the thread where it happened. */
export function decodeError(wire: WireError): EngineError {
  const { code, message, stack, causes, ...details } = wire;
  const cause = causes.reduceRight<Error | undefined>(
    (inner, text) => (inner === undefined ? new Error(text) : new Error(text, { cause: inner })),
    undefined,
  );
  const error = new EngineError(code, message, { ...details, cause });
  if (stack !== undefined) error.stack = stack;
  return error;
}
