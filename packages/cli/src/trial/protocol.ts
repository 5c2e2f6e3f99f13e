import type { CheckReport } from '@criujs/plugin-testing';
import type { Shown } from './pretend.ts';

/** What the process is told in which a plugin is tried: the one argument of its program, as JSON. */
export interface Trial {
  /** The file of the plugin. */
  readonly plugin: string;
  readonly shown: Shown | null;
  /** The plugin's own options. */
  readonly options?: unknown;
  readonly cwd: string;
}

/** What it says, one JSON object a line, on descriptor 3. The code that it runs is a stranger's: nothing of it is trusted. */
export type Told =
  /** It has rights that it must not have, and runs nothing. */
  | { readonly kind: 'privileged'; readonly why: string }
  | {
      readonly kind: 'loaded';
      readonly plugin: string;
      readonly version: string | null;
      readonly hooks: readonly string[];
    }
  /** It has no rights, and goes on. */
  | { readonly kind: 'ready' }
  /** It cannot be loaded. */
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'checked'; readonly report: CheckReport }
  | { readonly kind: 'done' };

/** The descriptor on which it speaks. */
export const toldOn = 3;
