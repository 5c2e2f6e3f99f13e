import type { Macro } from './macros.ts';
import { type Argument, substitute } from './substitute.ts';
import type { Place, Token } from './tokens.ts';

/** How much may still be done for one plugin: ten lines of macros can stand for more words than fit into memory. */
export interface Budget {
  words: number;
  /** Where it ran out: what is there may register more. */
  spentAt: Place | null;
}

/** Arguments within arguments. */
const deepest = 64;

/**
 * Applies macros to words, those in their results too. A macro does not apply to what came from itself, by the sets of names
 * that each word carries (Dave Prosser's algorithm, on which C's rules are built).
 */
export function expand(
  words: readonly Token[],
  macros: ReadonlyMap<string, Macro>,
  budget: Budget,
  depth = 0,
): readonly Token[] {
  const out: Token[] = [];
  const input = words.toReversed();
  for (let word = input.pop(); word !== undefined; word = input.pop()) {
    const macro = word.kind === 'name' && !word.hidden?.has(word.text) ? macros.get(word.text) : undefined;
    if (macro === undefined || budget.spentAt !== null) {
      out.push(word);
      continue;
    }
    const call = macro.parameters === null ? { given: [], last: word } : takeArguments(input, macro, spend);
    if (call === null) {
      out.push(word);
      continue;
    }
    const { file, line } = word;
    if (depth > deepest) budget.spentAt ??= { file, line };
    const given = call.given.map((written): Argument => ({ written, expanded: once(() => inner(written)) }));
    const hidden = new Set([...shared(word, call.last), macro.name]);
    const made = substitute(macro, given, { file, line }, (count) => spend(count, word));
    for (const it of made.toReversed())
      input.push({ ...it, hidden: it.hidden === undefined ? hidden : new Set([...it.hidden, ...hidden]) });
  }
  return out;

  /** Of an argument that had no end nothing is left, or those around it would make more of it. */
  function inner(written: readonly Token[]): readonly Token[] {
    const made = expand(written, macros, budget, depth + 1);
    return budget.spentAt === null ? made : [];
  }

  function spend(count: number, place: Place): boolean {
    budget.words -= count;
    if (budget.words < 0) budget.spentAt ??= { file: place.file, line: place.line };
    return budget.words >= 0;
  }
}

interface Call {
  readonly given: readonly (readonly Token[])[];
  readonly last: Token;
}

/** Takes `(a, b)` from the words that come next; null: they do not begin so, or it does not end. */
function takeArguments(
  input: Token[],
  { parameters, rest }: Macro,
  spend: (count: number, place: Place) => boolean,
): Call | null {
  const open = input.at(-1);
  if (open?.text !== '(' || open.kind !== 'mark') return null;
  const given: Token[][] = [[]];
  let depth = 0;
  for (let at = input.length - 1; at >= 0; at -= 1) {
    const word = input[at] as Token;
    if (!spend(1, word)) return null;
    const isMark = word.kind === 'mark';
    if (isMark && word.text === ')' && depth === 1) {
      input.length = at;
      const isNothing = given.length === 1 && given[0]?.length === 0 && parameters?.length === 0 && rest === null;
      return { given: isNothing ? [] : given, last: word };
    }
    if (isMark && word.text === '(') depth += 1;
    if (isMark && word.text === ')') depth -= 1;
    if (isMark && word.text === ',' && depth === 1) given.push([]);
    else if (at < input.length - 1) given.at(-1)?.push(word);
  }
  return null;
}

/** The names that the macro's own and the closing parenthesis have in common. */
function shared({ hidden: first = new Set() }: Token, { hidden: last = new Set() }: Token): readonly string[] {
  return [...first].filter((it) => last.has(it));
}

function once<T>(make: () => T): () => T {
  let made: { readonly it: T } | undefined;
  return () => {
    made ??= { it: make() };
    return made.it;
  };
}
