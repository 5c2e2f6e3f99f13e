import type { Token } from './tokens.ts';

/** Settles what the text does not tell, such as what a compiler was told by `-D`. @param wanted what would take the branch */
export type Decide = (question: string, wanted: boolean) => boolean;

/** null: the text does not tell. */
type Value = bigint | null;

/** A part of a condition: what of it is not told is asked only where it matters. */
interface Part {
  value(): Value;
  truth(wanted: boolean): boolean;
}

/** How tightly operators of two sides bind; within a row those of the left come first (C17, 6.5). */
const rows: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];

const operations: Readonly<Record<string, (a: bigint, b: bigint) => bigint | boolean | null>> = {
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
  '&': (a, b) => a & b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
  '<<': (a, b) => (b < 0n || b > 63n ? null : BigInt.asIntN(64, a << b)),
  '>>': (a, b) => (b < 0n || b > 63n ? null : a >> b),
  '+': (a, b) => BigInt.asIntN(64, a + b),
  '-': (a, b) => BigInt.asIntN(64, a - b),
  '*': (a, b) => BigInt.asIntN(64, a * b),
  '/': (a, b) => (b === 0n ? null : a / b),
  '%': (a, b) => (b === 0n ? null : a % b),
};

/** Longer ones are not worth a look; each parenthesis is a step in depth. */
const mostWords = 512;

/** Whether an `#if` takes its branch. `defined` and macros are done already: what is still a name is not told. */
export function holds(words: readonly Token[], decide: Decide): boolean {
  const reader = { words, at: 0, decide };
  const part = words.length > mostWords ? null : choice(reader);
  return part === null || reader.at < words.length ? decide(textOf(words), true) : part.truth(true);
}

/** The number that a constant expression gives, where the text tells; names have the values that are given. */
export function numberOf(words: readonly Token[], names: ReadonlyMap<string, number>): number | null {
  if (words.length === 0 || words.length > mostWords) return null;
  const named = words.map((it): Token => {
    const value = it.kind === 'name' ? names.get(it.text) : undefined;
    return value === undefined ? it : { ...it, kind: 'number', text: String(value) };
  });
  const reader = { words: named, at: 0, decide: () => false };
  const value = choice(reader)?.value() ?? null;
  return value === null || reader.at < words.length ? null : Number(value);
}

interface Reader {
  readonly words: readonly Token[];
  readonly decide: Decide;
  at: number;
}

/** Its truth is its value, or else what is decided of its text. */
function valued({ words, at, decide }: Reader, from: number, value: () => Value): Part {
  const text = textOf(words.slice(from, at));
  return {
    value,
    truth(wanted) {
      const found = value();
      return found === null ? decide(text, wanted) : found !== 0n;
    },
  };
}

/** `a ? b : c` */
function choice(reader: Reader): Part | null {
  const from = reader.at;
  const first = sides(reader, 0);
  if (first === null || !take(reader, '?')) return first;
  const yes = choice(reader);
  const no = take(reader, ':') ? choice(reader) : null;
  if (yes === null || no === null) return null;
  return valued(reader, from, () => {
    const value = first.value();
    return value === null ? null : (value === 0n ? no : yes).value();
  });
}

function sides(reader: Reader, row: number): Part | null {
  const operators = rows[row];
  if (operators === undefined) return single(reader);
  const from = reader.at;
  let left = sides(reader, row + 1);
  for (let operator = textAt(reader); left !== null && operators.includes(operator); operator = textAt(reader)) {
    reader.at += 1;
    const right = sides(reader, row + 1);
    if (right === null) return null;
    left = joined(reader, from, left, operator, right);
  }
  return left;
}

function joined(reader: Reader, from: number, left: Part, operator: string, right: Part): Part {
  if (operator === '&&' || operator === '||') {
    const end = operator === '||';
    return {
      value() {
        const [a, b] = [left.value(), right.value()].map((it) => (it === null ? null : it !== 0n));
        if (a === end || b === end) return end ? 1n : 0n;
        return a === null || b === null ? null : end ? 0n : 1n;
      },
      truth: (wanted) => (left.truth(wanted) === end ? end : right.truth(wanted)),
    };
  }
  return valued(reader, from, () => {
    const [a, b] = [left.value(), right.value()];
    const found = a == null || b == null ? null : (operations[operator]?.(a, b) ?? null);
    return typeof found === 'boolean' ? (found ? 1n : 0n) : found;
  });
}

function single(reader: Reader): Part | null {
  const from = reader.at;
  const word = reader.words[reader.at];
  if (word === undefined) return null;
  reader.at += 1;
  if (word.text === '(') {
    const inner = choice(reader);
    return take(reader, ')') ? inner : null;
  }
  if (word.kind === 'mark' && '!-+~'.includes(word.text)) {
    const inner = single(reader);
    return inner === null ? null : signed(reader, from, word.text, inner);
  }
  if (word.kind !== 'number') return word.kind === 'name' ? called(reader, from) : null;
  const value = integer(word.text);
  return valued(reader, from, () => value);
}

function signed(reader: Reader, from: number, sign: string, inner: Part): Part {
  if (sign === '!') {
    const value = (): Value => {
      const found = inner.value();
      return found === null ? null : found === 0n ? 1n : 0n;
    };
    return { value, truth: (wanted) => !inner.truth(!wanted) };
  }
  return valued(reader, from, () => {
    const found = inner.value();
    return found === null || sign === '+' ? found : sign === '-' ? -found : ~found;
  });
}

/** A name that nobody has told, or `__has_include(…)` and the like. */
function called(reader: Reader, from: number): Part | null {
  if (take(reader, '(')) {
    let depth = 1;
    for (; depth > 0 && reader.at < reader.words.length; reader.at += 1) {
      const text = textAt(reader);
      depth += text === '(' ? 1 : text === ')' ? -1 : 0;
    }
    if (depth > 0) return null;
  }
  return valued(reader, from, () => null);
}

function take(reader: Reader, text: string): boolean {
  if (textAt(reader) !== text) return false;
  reader.at += 1;
  return true;
}

function textAt({ words, at }: Reader): string {
  return words[at]?.text ?? '';
}

/** `12`, `0x200u`, `017`, `'a'`; null: it is none. */
function integer(text: string): Value {
  const [, digits = ''] = /^('.'|0[xX][\da-fA-F]+|0[bB][01]+|\d+)[uUlL]*$/.exec(text) ?? [];
  if (digits === '') return null;
  if (digits.startsWith("'")) return BigInt(digits.charCodeAt(1));
  return /^0[0-7]+$/.test(digits) ? BigInt(`0o${digits.slice(1)}`) : /^0\d/.test(digits) ? null : BigInt(digits);
}

function textOf(words: readonly Token[]): string {
  return words.map((it, at) => (at > 0 && it.spaced ? ` ${it.text}` : it.text)).join('');
}
