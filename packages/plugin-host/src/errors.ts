import type { CriuError, Thrown } from '@criujs/plugin-sdk';

/** Codes of {@link HostError}. They are stable: programs may compare them. */
export type HostErrorCode =
  /** Neither a file nor a package has that name. */
  | 'PLUGIN_NOT_FOUND'
  /** It was found but is not a plugin: its module fails, exports none, or exports a malformed one. */
  | 'PLUGIN_INVALID'
  /** Others than its owner may write its file: it could be anybody's code. */
  | 'PLUGIN_UNTRUSTED'
  /** The plugin was written against a version of the contract that this host does not serve. */
  | 'PLUGIN_API_VERSION'
  /** The images hold a part of the plugin in a version that is newer than the loaded plugin's. */
  | 'PLUGIN_IMAGE_VERSION'
  /** Two plugins have one name, or the name of one begins with that of the other. */
  | 'PLUGIN_DUPLICATE'
  /** The user's options do not fit the plugin's schema. */
  | 'PLUGIN_OPTIONS'
  /** `init` threw or rejected. */
  | 'PLUGIN_INIT_FAILED'
  /** The plugin that dumped a resource is not loaded at restore. */
  | 'PLUGIN_MISSING'
  /** The plugin tried to end the whole process. */
  | 'PLUGIN_EXITED'
  /** A hook, or `exit`, threw or rejected; or something of the plugin's threw later, outside of any call. */
  | 'HOOK_FAILED'
  | 'HOOK_TIMEOUT'
  /** A hook answered what it may not. */
  | 'HOOK_BAD_RESULT'
  /** The run's own signal was aborted. */
  | 'ABORTED'
  /** The host was used in the wrong order: a mistake of the engine. */
  | 'HOST_STATE'
  /** A plugin asked for a part of the image directory that is not there. */
  | 'SECTION_MISSING'
  /** The name of a part is not allowed, or parts cannot be stored. */
  | 'SECTION_NAME'
  /** The name of a part does not refer to a plain file inside the image directory. */
  | 'SECTION_UNSAFE'
  /** A part is larger than may be read at once. */
  | 'SECTION_TOO_LARGE'
  /** A part is not JSON, or a value cannot be written as JSON. */
  | 'SECTION_JSON'
  /** A record of calls cannot be read. */
  | 'RECORD_INVALID';

/** What a {@link HostError} carries beside its code and message. */
export interface HostErrorDetails {
  /** What to do about it, one sentence that starts with a verb. */
  readonly remedy: string;
  readonly plugin?: string | undefined;
  /** A hook's name, or `load`, `options`, `claim`, `init`, `exit`. */
  readonly hook?: string | undefined;
  readonly resource?: string | undefined;
  readonly errno?: string | number | undefined;
  readonly errors?: readonly HostError[] | undefined;
  readonly thrown?: Thrown | undefined;
  readonly cause?: unknown;
}

const fields = ['remedy', 'plugin', 'hook', 'resource', 'errno', 'errors', 'thrown'] as const;

/** Every failure of the host and of the plugins in it. */
export class HostError extends Error implements CriuError {
  override readonly name = 'HostError';
  readonly code: HostErrorCode;
  /** What to do about it. Every error has one. */
  declare readonly remedy: string;
  declare readonly plugin?: string;
  declare readonly hook?: string;
  declare readonly resource?: string;
  /** From a PluginError or a failed system call, for an engine that passes it on. */
  declare readonly errno?: string | number;
  /** All of them, when several plugins failed in one call. */
  declare readonly errors?: readonly HostError[];
  /** What code of the plugin threw, with its place in the author's source. */
  declare readonly thrown?: Thrown;

  constructor(code: HostErrorCode, message: string, details: HostErrorDetails) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    for (const field of fields) {
      if (details[field] !== undefined) Object.defineProperty(this, field, { value: details[field], enumerable: true });
    }
  }
}

/** One error as it is; several as one that names them all and keeps the first one's code. */
export function joinErrors(what: string, errors: readonly [HostError, ...HostError[]]): HostError {
  const [first] = errors;
  if (errors.length === 1) return first;
  const { code, hook, resource } = first;
  const lines = errors.map((it) => `  ${it.message} (${it.remedy})`);
  const message = [`${errors.length} ${what}:`, ...lines].join('\n');
  return new HostError(code, message, { hook, resource, remedy: 'Fix each error listed.', errors, cause: first });
}
