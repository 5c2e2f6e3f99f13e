/** `-ENOTSUP` of Linux, `errno(3)`: a hook in C declines with it. */
const declinedInC = -95;

/** What is to be said to an author who ports a hook from C. */
export interface Meanings {
  /** Whether it may pass a resource on to the next plugin. */
  readonly declines: boolean;
  /** What to return where C returns 0. null: 0 means something else there. */
  readonly success: string | null;
}

/** What to write instead of an answer that only a hook in C gives. undefined: no such answer. */
export function insteadOfC(answer: unknown, { success, declines }: Meanings): string | undefined {
  if (typeof answer !== 'number' || !Number.isInteger(answer)) return undefined;
  if (answer === declinedInC) {
    return declines
      ? '-95 is -ENOTSUP, with which a hook in C declines: return notSupported of @criujs/plugin-sdk instead.'
      : '-95 is -ENOTSUP, with which a hook in C declines. This one cannot decline, because every plugin is told: return nothing.';
  }
  if (answer < 0) {
    return `With ${answer} a hook in C fails: throw instead, for example a PluginError of @criujs/plugin-sdk with an errno.`;
  }
  if (answer === 0 && success !== null) return `With 0 a hook in C reports success: here ${success}.`;
  return undefined;
}
