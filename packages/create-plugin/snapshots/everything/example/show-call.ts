import type { LogEntry } from '@criujs/core';

/** One line of a record, as far as it is shown. `@criujs/plugin-host` describes the whole format. */
type Line =
  | { readonly event: 'call'; readonly hook: string; readonly resource?: string }
  | {
      readonly event: 'answer';
      readonly ms: number;
      readonly plugin?: string;
      readonly error?: { readonly message: string };
    }
  | { readonly event: 'record' | 'host' | 'start' | 'part' | 'finish' };

let lastResource: string | undefined;

/** Shows what a plugin is asked, and what it answers. */
export function showCall(line: string): void {
  const it = JSON.parse(line) as Line;
  if (it.event === 'call') {
    lastResource = it.resource;
    console.log(`  ${it.hook} ${it.resource ?? ''}`);
  }
  if (it.event === 'answer') console.log(`    ${answerOf(it)} (${it.ms.toFixed(1)} ms)`);
}

/** Shows what a plugin logs; in `debug` stands what its exit threw. */
export function showLog({ message, plugin, hook }: LogEntry): void {
  if (plugin !== undefined) console.log(`    ${plugin}${hook === undefined ? '' : ` ${hook}`}: ${message}`);
}

/** Shows what went wrong in a run that went well, such as an exit that failed. */
export function showWarnings(warnings: readonly string[]): void {
  for (const warning of warnings) console.log(`  warning: ${warning}`);
}

function answerOf({ plugin, error }: Line & { readonly event: 'answer' }): string {
  if (error !== undefined) return `failed: ${error.message}`;
  if (plugin !== undefined) return `taken by ${plugin}`;
  return lastResource === undefined ? 'told' : 'taken by nobody';
}
