/**
 * The version of this package in which the old structure ends: it is the first that no longer serves it. Two release cycles
 * (0.1 and 0.2) do.
 */
export const oldStructureEndsIn = '0.3.0';

/** What to change, and how. */
export const guide: string = 'https://github.com/criujs/criujs/blob/main/docs/guides/from-old-structure.md';

/** What a run says about a plugin that should be rewritten. */
export interface Notice {
  readonly plugin: string;
  readonly path: string;
  /** What is old about it, in words. */
  readonly what: string;
  /** From what to what: `cr_plugin_fini → exit`. */
  readonly changes: readonly string[];
}

/** The message, in one line. */
export function noticeText({ plugin, path, what, changes }: Notice): string {
  return [
    `plugin ${plugin} (${path}) ${what}.`,
    `Write it with definePlugin of @criujs/plugin-sdk: ${changes.join(', ')}.`,
    `It is supported until version ${oldStructureEndsIn} of @criujs/legacy-compat, which will refuse it.`,
    `Guide: ${guide}`,
  ].join(' ');
}

/** A name that only looks like one of CRIU's. */
export function strangerText(name: string, path: string): string {
  return `${path} exports ${name}, which CRIU does not know: it is never called. CRIU's names are in ${guide}`;
}
