import type { EngineErrorCode } from './errors.ts';

/** Exit codes of `criujs`, and of a process that a hanging plugin forced the engine to end. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  plugin: 4,
  images: 5,
  rights: 6,
  target: 7,
  engine: 8,
  internal: 70,
  aborted: 130,
} as const;

export type ExitCodeName = keyof typeof exitCodes;

/** What each means, for `--help` and the README. */
export const exitCodeMeanings: Readonly<Record<ExitCodeName, string>> = {
  done: 'done',
  failed: 'failed for another reason; see the message',
  usage: 'wrong usage, an invalid configuration, or invalid plugin options',
  refused: 'refused: the tree holds something that neither the engine nor a plugin can dump',
  plugin:
    'a plugin is missing, too old for the images, failed, hung or gave an invalid answer; for a plan: plugins claim the same resource',
  images:
    'the images already exist, are in use by another run, cannot be written, are incomplete, damaged or not to be trusted, or do not match the files of this machine',
  rights: 'a right is missing: to trace, to choose a pid, to read',
  target:
    'no such process, or it cannot be dumped at all (kernel thread, zombie, own process) or not now (the kernel holds it); at a restore: its pid is taken',
  engine: 'the requested engine, CRIU, is missing or too old',
  internal: 'a bug in criujs',
  aborted: 'ended by a signal (128 + its number); the target was left unharmed',
};

const byCode: Readonly<Record<EngineErrorCode, ExitCodeName>> = {
  NO_SUCH_PROCESS: 'target',
  KERNEL_THREAD: 'target',
  ZOMBIE: 'target',
  OWN_PROCESS: 'target',
  TARGET_DIED: 'target',
  TARGET_STUCK: 'target',
  PID_TAKEN: 'target',
  NOT_PERMITTED: 'rights',
  PID_NOT_PERMITTED: 'rights',
  CLOCK_BEHIND: 'rights',
  UNSUPPORTED: 'refused',
  IMAGES_EXIST: 'images',
  IMAGES_BUSY: 'images',
  IMAGES_UNWRITABLE: 'images',
  IMAGES_FULL: 'images',
  IMAGES_INCOMPLETE: 'images',
  IMAGES_UNTRUSTED: 'images',
  IMAGES_VERSION: 'images',
  IMAGE_INVALID: 'images',
  FILE_MISSING: 'images',
  FILE_CHANGED: 'images',
  IPC_TAKEN: 'images',
  IPC_CHANGED: 'images',
  PLUGIN_FAILED: 'plugin',
  PLUGIN_NOT_FOUND: 'plugin',
  PLUGIN_INVALID: 'plugin',
  PLUGIN_UNTRUSTED: 'plugin',
  PLUGIN_UNTOLD: 'plugin',
  PLUGIN_API_VERSION: 'plugin',
  PLUGIN_IMAGE_VERSION: 'plugin',
  PLUGIN_DUPLICATE: 'plugin',
  PLUGIN_OPTIONS: 'usage',
  PLUGIN_INIT_FAILED: 'plugin',
  PLUGIN_EXITED: 'plugin',
  PLUGIN_MISSING: 'plugin',
  HOOK_FAILED: 'plugin',
  HOOK_TIMEOUT: 'plugin',
  HOOK_BAD_RESULT: 'plugin',
  CRIU_MISSING: 'engine',
  CRIU_TOO_OLD: 'engine',
  CRIU_FAILED: 'failed',
  BAD_OPTION: 'usage',
  ABORTED: 'aborted',
  ENGINE_STUCK: 'aborted',
  KERNEL: 'failed',
  UNSUPPORTED_PLATFORM: 'failed',
  INTERNAL: 'internal',
};

/** The exit code for an error. */
export function exitCodeOf(code: EngineErrorCode): number {
  return exitCodes[byCode[code] ?? 'failed'];
}
