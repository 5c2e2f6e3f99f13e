import { existsSync, readFileSync } from 'node:fs';
import type { Place } from './place.ts';

/** A file in which plugins note what they are asked (plugins/record.ts). */
export interface Listener<C> {
  /** For whoever loads the plugins. */
  readonly env: Readonly<Record<string, string>>;
  /** What was noted so far, or only the calls with this name. */
  calls(name?: string): C[];
}

export function listen<C extends { readonly call: string }>(place: Place): Listener<C> {
  const file = place.fresh('calls');
  return {
    env: { CRIUJS_TEST_CALLS: file },
    calls(name) {
      const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
      const calls = lines.map((line) => JSON.parse(line) as C);
      return name === undefined ? calls : calls.filter(({ call }) => call === name);
    },
  };
}
