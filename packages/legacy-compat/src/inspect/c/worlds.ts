import { PluginError } from '@criujs/plugin-sdk';
import { type Directive, type Place, wordsOf } from './tokens.ts';

/** What a condition asks that the text does not tell, and where it is asked first. */
export interface Question extends Place {
  /** The directive as it is written. */
  readonly text: string;
}

/** One way to compile a program: what was asked and how it was answered, in order. */
export interface World<Result> {
  readonly answers: ReadonlyMap<string, boolean>;
  /** null: it cannot be compiled so. */
  readonly result: Result | null;
}

export interface Worlds<Result> {
  /** The first is the one in which every condition takes its first branch. */
  readonly all: readonly World<Result>[];
  readonly questions: ReadonlyMap<string, Question>;
  /** Whether every combination of answers was looked at. */
  readonly exhaustive: boolean;
  /** Why the first of those that cannot be compiled cannot. */
  readonly failure: unknown;
}

/** Eight independent conditions have all their combinations looked at. */
const mostWorlds = 256;

export type Ask = (question: string, wanted: boolean, directive: Directive) => boolean;

/**
 * Reads a program in every way in which it may be compiled: with each answer to what its conditions ask. First come those that
 * differ from the first one in one answer, then in two.
 * @param goesOn whether another way may be looked at; asked after each
 */
export function explore<Result>(read: (ask: Ask) => Result, goesOn: () => boolean): Worlds<Result> {
  const questions = new Map<string, Question>();
  const all: World<Result>[] = [];
  const waiting: (readonly (readonly [string, boolean])[])[] = [[]];
  let failure: unknown = null;
  for (let begun = waiting.shift(); begun !== undefined; begun = waiting.shift()) {
    const answers = new Map(begun);
    const result = attempt(answers);
    all.push({ answers, result });
    const given = [...answers];
    for (let at = begun.length; at < given.length && waiting.length <= mostWorlds; at += 1) {
      const [question, answer] = given[at] as [string, boolean];
      waiting.push([...given.slice(0, at), [question, !answer]]);
    }
    if (waiting.length > 0 && !(all.length < mostWorlds && goesOn()))
      return { all, questions, exhaustive: false, failure };
  }
  return { all, questions, exhaustive: true, failure };

  function attempt(answers: Map<string, boolean>): Result | null {
    try {
      return read((question, wanted, directive) => {
        const known = answers.get(question);
        if (known !== undefined) return known;
        if (!questions.has(question)) questions.set(question, asked(directive));
        answers.set(question, wanted);
        return wanted;
      });
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      failure ??= error;
      return null;
    }
  }
}

/** The questions on which something depends: ways that differ in one answer differ in it. */
export function decisive<Result>({ all }: Worlds<Result>, has: (result: Result) => boolean): readonly string[] {
  const found = new Set<string>();
  const readable = all.filter((it): it is World<Result> & { result: Result } => it.result !== null);
  for (const [at, one] of readable.entries()) {
    for (const other of readable.slice(at + 1)) {
      if (has(one.result) === has(other.result)) continue;
      const differing = [...one.answers].filter(([question, answer]) => other.answers.get(question) === !answer);
      if (differing.length === 1 && differing[0] !== undefined) found.add(differing[0][0]);
    }
  }
  return [...found];
}

function asked(directive: Directive): Question {
  const words = wordsOf(directive).map((it) => (it.spaced ? ` ${it.text}` : it.text));
  return { text: `#${words.join('').trim().slice(0, 120)}`, file: directive.file, line: directive.line };
}
