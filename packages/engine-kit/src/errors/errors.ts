import type { PluginSuggestion, ResourceQuestion } from '@criujs/plugin-host/manifest';
import type { CriuError, Thrown } from '@criujs/plugin-sdk';
import { defaultRemedies } from './remedies.ts';

/** One resource of one process that cannot be dumped: what it is, why, and what would help. */
export interface Refusal {
  readonly pid: number;
  /** The name of the program, as `/proc/PID/comm` has it. */
  readonly command?: string;
  /** The resource in words, for example `descriptor 7: /dev/fuse (character device 10:229)`. */
  readonly resource: string;
  readonly why: string;
  readonly remedy: string;
  /** The plugin that took it, if no loaded plugin could restore it. */
  readonly plugin?: string;
  /** The hook that would restore it. */
  readonly hook?: string;
  /** It is over in a moment by itself, as a rule: another dump finds it gone. */
  readonly passes?: true;
  /** Packages that are not loaded and whose manifest takes it: those that are installed first. */
  readonly suggestions?: readonly PluginSuggestion[];
}

/** A refusal as an engine finds it. */
export interface FoundRefusal extends Refusal {
  /** What plugins can be asked about it: `suggestions` come of it. */
  readonly questions?: readonly ResourceQuestion[];
}

/** Codes that engines themselves give. They are stable: programs may compare them. */
export type EngineOwnCode =
  /** No process has this pid. */
  | 'NO_SUCH_PROCESS'
  /** The pid belongs to a thread of the kernel: it has no memory to dump. */
  | 'KERNEL_THREAD'
  /** The process has ended and waits for its parent: nothing is left to dump. */
  | 'ZOMBIE'
  /** The target is the engine's own process or one of its ancestors: freezing it would freeze the engine. */
  | 'OWN_PROCESS'
  /** The kernel does not let this user trace, read or create that. */
  | 'NOT_PERMITTED'
  /** The tree holds something that neither the engine nor a plugin can dump; `refusals` says what. */
  | 'UNSUPPORTED'
  /** The image directory holds a dump already. */
  | 'IMAGES_EXIST'
  /** Another run is writing or reading these images. */
  | 'IMAGES_BUSY'
  /** The image directory cannot be created or written, or is not a directory. */
  | 'IMAGES_UNWRITABLE'
  /** The file system of the image directory is full, or a quota is. */
  | 'IMAGES_FULL'
  /** There is no inventory: the directory holds no dump, or one that never ended. */
  | 'IMAGES_INCOMPLETE'
  /** The images belong to another user, or others may write them: what they name would be done in the name of who restores them. */
  | 'IMAGES_UNTRUSTED'
  /** The images have a version that this engine does not read. */
  | 'IMAGES_VERSION'
  /** An image is damaged or has impossible values. */
  | 'IMAGE_INVALID'
  /** A file that the process had open or mapped is gone. */
  | 'FILE_MISSING'
  /** A file that the process had open or mapped is not what it was. */
  | 'FILE_CHANGED'
  /** The id or the key of a System V object that the program used belongs to another object. */
  | 'IPC_TAKEN'
  /** A System V object that the program used is there, and is not as it was. */
  | 'IPC_CHANGED'
  /** Another process has the pid that the restored one had. */
  | 'PID_TAKEN'
  /** Giving a process a chosen pid needs a right that this user lacks. */
  | 'PID_NOT_PERMITTED'
  | 'CLOCK_BEHIND'
  /** A hook of a plugin failed in a way that no other code names. */
  | 'PLUGIN_FAILED'
  /** The run was aborted by its AbortSignal. */
  | 'ABORTED'
  /** The target ended while it was being dumped, or the restored one before it ran. */
  | 'TARGET_DIED'
  /** A thread of the target does not stop: the kernel holds it in a system call. */
  | 'TARGET_STUCK'
  /** The run was aborted, and the kernel does not let the engine's own thread go: end the process. */
  | 'ENGINE_STUCK'
  /** A system call failed where no more is known than its name and errno. */
  | 'KERNEL'
  /** This platform or processor has no engine. */
  | 'UNSUPPORTED_PLATFORM'
  /** There is no CRIU to run: not in PATH, or not at the given path. */
  | 'CRIU_MISSING'
  /** The CRIU that was found is too old for the request. */
  | 'CRIU_TOO_OLD'
  /** CRIU failed, or was ended, in a way that no other code names; the message has what its log says. */
  | 'CRIU_FAILED'
  /** An option is not valid. */
  | 'BAD_OPTION'
  /** A bug in criujs itself. */
  | 'INTERNAL';

/** Codes that come from the plugin host and keep their name on the way through the engine. */
export type HostCode =
  | 'PLUGIN_NOT_FOUND'
  | 'PLUGIN_INVALID'
  /** Others than its owner may write the file of the plugin. */
  | 'PLUGIN_UNTRUSTED'
  /** Whether a module is a plugin cannot be told without running it. */
  | 'PLUGIN_UNTOLD'
  | 'PLUGIN_API_VERSION'
  /** The images were written by a later release of a plugin than the one that is loaded. */
  | 'PLUGIN_IMAGE_VERSION'
  | 'PLUGIN_DUPLICATE'
  | 'PLUGIN_OPTIONS'
  | 'PLUGIN_INIT_FAILED'
  | 'PLUGIN_EXITED'
  /** The plugin that dumped a resource is not loaded at restore. */
  | 'PLUGIN_MISSING'
  | 'HOOK_FAILED'
  /** A hook did not answer in time. */
  | 'HOOK_TIMEOUT'
  | 'HOOK_BAD_RESULT';

export type EngineErrorCode = EngineOwnCode | HostCode;

/** One of several plugins that failed in one call. */
export interface PluginFailure {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string | undefined;
  readonly plugin?: string | undefined;
  readonly hook?: string | undefined;
  readonly resource?: string | undefined;
  readonly thrown?: Thrown | undefined;
}

/** What an {@link EngineError} carries beside its code and message. */
export interface EngineErrorDetails {
  /** What to do about it, one sentence that starts with a verb. Absent: what its code stands for. */
  readonly remedy?: string | undefined;
  readonly pid?: number | undefined;
  readonly resource?: string | undefined;
  readonly plugin?: string | undefined;
  readonly hook?: string | undefined;
  readonly refusals?: readonly Refusal[] | undefined;
  /** With `refusals`: the message without them. */
  readonly summary?: string | undefined;
  readonly thrown?: Thrown | undefined;
  readonly errors?: readonly PluginFailure[] | undefined;
  readonly cause?: unknown;
}

const fieldNames = [
  ...(['remedy', 'pid', 'resource', 'plugin', 'hook'] as const),
  ...(['refusals', 'summary', 'thrown', 'errors'] as const),
];

/** Every failure of `dump`, `restore`, `plan` and `check`. A failed dump has left its target running and unchanged. */
export class EngineError extends Error implements CriuError {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;
  /** What to do about it. Every error has one. */
  declare readonly remedy: string;
  declare readonly pid?: number;
  declare readonly resource?: string;
  declare readonly plugin?: string;
  declare readonly hook?: string;
  /** With code `UNSUPPORTED`: everything that cannot be dumped. */
  declare readonly refusals?: readonly Refusal[];
  /** With `refusals`: the message without them. */
  declare readonly summary?: string;
  /** What code of a plugin threw, with its place in the author's source and its causes. */
  declare readonly thrown?: Thrown;
  /** All of them, when several plugins failed in one call; the message names each. */
  declare readonly errors?: readonly PluginFailure[];

  constructor(code: EngineErrorCode, message: string, details: EngineErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    const fields = { ...details, remedy: details.remedy || remedyFor(code, details.refusals ?? []) };
    for (const field of fieldNames) {
      if (fields[field] !== undefined) Object.defineProperty(this, field, { value: fields[field], enumerable: true });
    }
  }
}

/** A code that comes from a newer copy of a package has none of ours. */
function remedyFor(code: EngineErrorCode, refusals: readonly Refusal[]): string {
  const [first, second] = refusals;
  if (first !== undefined && second === undefined && first.remedy !== '') return first.remedy;
  if (first !== undefined) return 'Do what the message advises for each resource.';
  return defaultRemedies[code] ?? 'Run again with -v to see more.';
}

/** The error of a refused dump. Its message has a line for each process and resource, with why and the remedy. */
export function refusedDump(
  root: { readonly pid: number; readonly command: string },
  refusals: readonly Refusal[],
  blame: Pick<EngineErrorDetails, 'plugin' | 'hook'> = {},
): EngineError {
  const count = refusals.length === 1 ? '1 resource is' : `${refusals.length} resources are`;
  const summary = `cannot dump ${root.pid} (${root.command}): ${count} not supported`;
  const details = { ...blame, pid: root.pid, refusals, summary };
  return new EngineError('UNSUPPORTED', refusalMessage(summary, refusals), details);
}

/** The message of an error with refusals: `summary`, and a line for each. */
export function refusalMessage(summary: string, refusals: readonly Refusal[]): string {
  const lines = refusals.map((it) => {
    const process = it.command === undefined ? `${it.pid}` : `${it.pid} (${it.command})`;
    return `  ${process} ${it.resource}: ${it.why}. ${it.remedy}`;
  });
  return [summary, ...lines].join('\n');
}
