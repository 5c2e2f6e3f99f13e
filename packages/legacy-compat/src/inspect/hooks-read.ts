import type { Findings } from './inspection.ts';

/** `3 hooks read: DUMP_EXT_FILE, RESTORE_EXT_FILE, PAUSE_DEVICES`, and whether there may be more. */
export function hooksRead({
  hooks,
  complete,
}: Pick<Findings, 'complete'> & { readonly hooks: readonly { readonly hook: string }[] }): string {
  const count = hooks.length === 0 ? 'no hooks' : hooks.length === 1 ? '1 hook' : `${hooks.length} hooks`;
  const names = hooks.length === 0 ? '' : `: ${hooks.map(({ hook }) => hook).join(', ')}`;
  return `${count} read${names}${complete ? '' : '; there may be more'}`;
}
