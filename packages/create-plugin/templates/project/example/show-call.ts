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

function answerOf({ plugin, error }: Line & { readonly event: 'answer' }): string {
  if (error !== undefined) return `failed: ${error.message}`;
  if (plugin !== undefined) return `taken by ${plugin}`;
  return lastResource === undefined ? 'told' : 'taken by nobody';
}
