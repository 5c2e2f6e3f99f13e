import type { PluginManifest } from '@criujs/plugin-sdk';
import { type BaseIssue, safeParse } from 'valibot';
import { manifestSchema } from './schema.ts';

/** The field of package.json that is a plugin's manifest. */
export const manifestField = 'criu';

/** Something wrong in a manifest. */
export interface ManifestProblem {
  /** Where it is: `criu.hooks[2]`. */
  readonly path: string;
  /** What is wrong there, as the end of a sentence: `must be a list, and is 3`. */
  readonly message: string;
}

/** What a package.json says about its plugin. The texts are the author's: make them safe before a terminal shows them. */
export type ManifestReading =
  /** `unknown`: paths of fields that this release does not know; nothing looks at them. */
  | { readonly state: 'valid'; readonly manifest: PluginManifest; readonly unknown: readonly string[] }
  /** It has no such field. */
  | { readonly state: 'absent' }
  | { readonly state: 'invalid'; readonly problems: readonly [ManifestProblem, ...ManifestProblem[]] };

/** Characters of JSON; what is larger is not read. */
const largest = 64 << 10;
const mostProblems = 20;
const mostUnknown = 20;

/**
 * Reads the manifest in the contents of a package.json. It trusts nothing, runs nothing and never throws.
 * @param packageJson what JSON.parse gave, or anything with a property `criu`
 */
export function readManifest(packageJson: unknown): ManifestReading {
  const given: unknown = Object(packageJson)[manifestField];
  if (given === undefined) return { state: 'absent' };
  if (sizeOf(given) > largest)
    return invalid([{ path: manifestField, message: `must not be larger than ${largest} bytes` }]);
  const { success, output, issues } = safeParse(manifestSchema, given);
  if (!success) return invalid(issues.slice(0, mostProblems).map(problemOf));
  const { lists, unknown } = leftOut(given, output, manifestField);
  if (lists.length > 0) return invalid(lists.map((path) => ({ path, message: 'must be an object, and is a list' })));
  return { state: 'valid', manifest: output, unknown: unknown.slice(0, mostUnknown) };
}

/** One line for people: where and what. */
export function manifestProblemText({ path, message }: ManifestProblem): string {
  return `${path} ${message}`;
}

function invalid(problems: readonly ManifestProblem[]): ManifestReading {
  const [first = { path: manifestField, message: 'cannot be read' }, ...others] = problems;
  return { state: 'invalid', problems: [first, ...others] };
}

function sizeOf(given: unknown): number {
  try {
    return JSON.stringify(given)?.length ?? 0;
  } catch {
    // A cycle, a bigint or a depth that no JSON.parse gives.
    return Number.POSITIVE_INFINITY;
  }
}

function problemOf({ path, message, input }: BaseIssue<unknown>): ManifestProblem {
  const where = (path ?? []).map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return {
    path: `${manifestField}${where}`,
    message: input === undefined ? message : `${message}, and is ${shown(input)}`,
  };
}

function shown(input: unknown): string {
  const text = JSON.stringify(input) ?? String(input);
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}

interface LeftOut {
  /** Paths of lists where objects belong: those pass for objects without fields. */
  readonly lists: readonly string[];
  /** Paths of fields that were not read. */
  readonly unknown: readonly string[];
}

function leftOut(given: unknown, read: unknown, path: string): LeftOut {
  if (typeof given !== 'object' || given === null || typeof read !== 'object' || read === null) return nothingLeftOut;
  if (Array.isArray(given)) {
    if (!Array.isArray(read)) return { lists: [path], unknown: [] };
    return joined(read.map((it, at) => leftOut(given[at], it, `${path}[${at}]`)));
  }
  return joined(
    Object.entries(given).map(([key, value]) => {
      const inner = `${path}.${key}`;
      if (!Object.hasOwn(read, key)) return { lists: [], unknown: [inner] };
      return leftOut(value, read[key as keyof typeof read], inner);
    }),
  );
}

const nothingLeftOut: LeftOut = { lists: [], unknown: [] };

function joined(parts: readonly LeftOut[]): LeftOut {
  return { lists: parts.flatMap((it) => it.lists), unknown: parts.flatMap((it) => it.unknown) };
}
