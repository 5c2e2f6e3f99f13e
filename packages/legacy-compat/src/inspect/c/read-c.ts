import { basename } from 'node:path';
import { sortHooks } from '../hook-names.ts';
import type { CInspection, InternalHeader } from '../inspection.ts';
import { at as where } from './described.ts';
import type { Budget } from './expand.ts';
import { noFiles, type OwnFiles } from './own-files.ts';
import { preprocess } from './preprocess.ts';
import { type Reading, readProgram } from './read-program.ts';
import { tokenize } from './tokens.ts';
import { decisive, explore, type Worlds } from './worlds.ts';

/** Words that may be looked at, in one way to compile a plugin and in all of them: macros can make any number of them. */
const most = { once: 400_000, together: 4_000_000 };

/**
 * Reads a plugin in C as its compiler would: its macros applied, the author's own files beside it included, under each condition
 * that the text does not tell. It understands CRIU's macros, a `CR_PLUGIN_DESC` that is written out, hooks that code sets, and
 * functions with fixed names. What it cannot follow is in `notes`, and the result is not `complete`.
 * @throws PluginError PLUGIN_INVALID
 */
export function inspectC(text: string, path: string, files: OwnFiles = noFiles): CInspection {
  const words = tokenize(text, path, basename(path));
  // A line of the preprocessor is read word by word, each time.
  const each = words.reduce((sum, { kind }) => sum + (kind === 'directive' ? 40 : 1), 0);
  let left = most.together;
  const worlds = explore(
    (decide): Reading => {
      const begun = Math.min(most.once, Math.max(0, left));
      const budget: Budget = { words: begun, spentAt: null };
      try {
        const reading = readProgram(preprocess(words, { path, files, budget, decide }), path);
        if (budget.spentAt === null) return reading;
        const what = `its macros make too many words to read, in ${where(budget.spentAt)}`;
        return { ...reading, obstacles: [...reading.obstacles, what] };
      } finally {
        left -= begun - budget.words + each;
      }
    },
    () => left > 0,
  );
  const [first] = worlds.all.flatMap(({ result }) => (result === null ? [] : [result]));
  if (first === undefined) throw worlds.failure;
  return { format: 'c', path, ...merged(first, worlds) };
}

/** Hooks that depend on conditions: CRIU has fewer. */
const mostSaid = 32;

type Plugin = Omit<CInspection, 'format' | 'path'>;

/** A hook that it has in any way is one of its hooks; what depends on a condition is said. */
function merged(first: Reading, worlds: Worlds<Reading>): Plugin {
  const readings = worlds.all.flatMap(({ result }) => (result === null ? [] : [result]));
  const { hooks } = sortHooks(union(readings.map((it) => it.hooks)).map(({ hook, ...it }) => ({ key: hook, ...it })));
  const unknown = union(readings.map((it) => it.unknown));
  const namesOf = new Map(readings.map((it) => [it, new Set([...it.hooks, ...it.unknown].map(({ hook }) => hook))]));
  const has = (it: Reading, hook: string): boolean => namesOf.get(it)?.has(hook) === true;
  const sometimes = [...hooks, ...unknown]
    .map(({ hook }) => hook)
    .filter((hook) => readings.some((it) => !has(it, hook)))
    .slice(0, mostSaid);
  const isSame = (it: Reading): boolean => it.name === first.name && it.structure === first.structure;
  const partly = worlds.exhaustive || (sometimes.length === 0 && readings.every(isSame)) ? [] : [tooMany(worlds)];
  const obstacles = [...new Set([...readings.flatMap((it) => it.obstacles), ...partly])];
  const internal = internalHeaders(readings);
  return {
    structure: first.structure,
    name: first.name,
    version: first.version,
    init: readings.map((it) => it.init).find((it) => it !== null) ?? null,
    exit: readings.map((it) => it.exit).find((it) => it !== null) ?? null,
    hooks,
    unknown,
    complete: obstacles.length === 0,
    internalHeaders: internal,
    devices: [...new Set(readings.flatMap((it) => it.devices))],
    notes: [
      ...obstacles,
      ...new Set(readings.flatMap((it) => it.notes)),
      ...sometimes.map((hook) => `${hook} depends on ${questions(worlds, (it) => has(it, hook))}: it was taken`),
      ...(readings.every(isSame)
        ? []
        : [`what it is depends on ${questions(worlds, isSame)}: ${named(first)} was taken`]),
      ...internalNotes(internal),
    ],
  };
}

/** Each once, as the first that has it says. */
function union<T extends { readonly hook: string }>(lists: readonly (readonly T[])[]): readonly T[] {
  const found = new Map<string, T>();
  for (const it of lists.flat()) if (!found.has(it.hook)) found.set(it.hook, it);
  return [...found.values()];
}

function questions(worlds: Worlds<Reading>, is: (it: Reading) => boolean): string {
  const texts = decisive(worlds, is).flatMap((it) => {
    const question = worlds.questions.get(it);
    return question === undefined ? [] : [`\`${question.text}\` (${where(question)})`];
  });
  return texts.length === 0 ? 'conditions that cannot be told here' : texts.join(' and ');
}

function tooMany({ questions: { size } }: Worlds<Reading>): string {
  return `it has ${size} conditions that cannot be told here, and not every combination of them was looked at`;
}

function named({ name, structure }: Reading): string {
  return name === null ? `the structure of ${structure}` : JSON.stringify(name);
}

function internalHeaders(readings: readonly Reading[]): readonly InternalHeader[] {
  const found = readings.flatMap(({ unread }) => unread.filter(({ kind }) => kind === 'internal'));
  const byPlace = new Map(
    found.map(({ header, file, line }) => [`${where({ file, line })} ${header}`, { header, file, line }]),
  );
  return [...byPlace.values()];
}

function internalNotes(headers: readonly InternalHeader[]): readonly string[] {
  if (headers.length === 0) return [];
  const list = headers.map((it) => `"${it.header}" (${where(it)})`).join(', ');
  return [
    `it includes headers from inside of CRIU, which no release installs: ${list}. To compile it, ` +
      'take them from the source of that CRIU (-I criu/include); in a port write anew what is used of them',
  ];
}
