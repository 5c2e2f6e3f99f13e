import { invalid } from '../invalid.ts';

/** A word of a program in C. */
export interface Token {
  readonly kind: 'name' | 'number' | 'text' | 'mark';
  /** Of a `text` what is between the quotes. */
  readonly text: string;
  readonly line: number;
}

/** A line that begins with `#`, for the preprocessor. */
export interface Directive {
  readonly kind: 'directive';
  readonly text: string;
  readonly line: number;
}

interface Rule {
  readonly kind: Token['kind'] | 'nothing' | 'directive' | 'open';
  readonly pattern: RegExp;
}

/** In this order. A line that ends with a backslash goes on in the next (C17, 5.1.1.2, phase 2); those are joined before. */
const rules: readonly Rule[] = [
  { kind: 'nothing', pattern: /[^\S\n]+|\/\/[^\n]*|\/\*[\s\S]*?\*\//y },
  { kind: 'open', pattern: /\/\*/y },
  { kind: 'text', pattern: /(?:u8|[LuU])?"((?:[^"\\\n]|\\.)*)"/y },
  // A text that does not end in its line is none; there may be prose under #if 0.
  { kind: 'nothing', pattern: /"[^\n]*/y },
  { kind: 'number', pattern: /'(?:[^'\\\n]|\\.){1,16}'|\.?\d(?:[eEpP][+-]|[\w.])*/y },
  { kind: 'name', pattern: /[A-Za-z_$]\w*/y },
  { kind: 'mark', pattern: /./sy },
];

const directive = /#(?:\/\/[^\n]*|\/\*[\s\S]*?\*\/|\/(?!\*)|[^\n/])*/y;

/**
 * The words of a program in C and the lines of its preprocessor, without comments.
 * @throws PluginError PLUGIN_INVALID: a comment without end
 */
export function tokenize(source: string, path: string): readonly (Token | Directive)[] {
  const { text, lineAt } = joinLines(source);
  const tokens: (Token | Directive)[] = [];
  let fresh = true;
  for (let at = 0; at < text.length; ) {
    if (text[at] === '\n') {
      fresh = true;
      at += 1;
      continue;
    }
    const rule = fresh && text[at] === '#' ? { kind: 'directive' as const, pattern: directive } : undefined;
    const [found, match] = rule === undefined ? next(text, at) : [rule, matchAt(rule.pattern, text, at)];
    if (found.kind === 'open') {
      throw invalid(
        path,
        `a comment that begins in line ${lineAt(at)} does not end`,
        'Check that the file is complete.',
      );
    }
    if (found.kind !== 'nothing') {
      tokens.push({ kind: found.kind, text: match[1] ?? match[0], line: lineAt(at) });
      fresh = false;
    }
    at += match[0].length;
  }
  return tokens;
}

function next(text: string, at: number): [Rule, RegExpExecArray] {
  for (const rule of rules) {
    rule.pattern.lastIndex = at;
    const match = rule.pattern.exec(text);
    if (match !== null) return [rule, match];
  }
  throw new Error(`no rule took the character at ${at}`);
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray {
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  if (match === null) throw new Error(`no directive at ${at}`);
  return match;
}

/** Joins continued lines; messages still name the line of the file. */
function joinLines(source: string): { text: string; lineAt: (at: number) => number } {
  const starts = [0];
  let text = '';
  for (const line of source.replaceAll('\r\n', '\n').split('\n')) {
    const joined = line.endsWith('\\');
    text += joined ? line.slice(0, -1) : `${line}\n`;
    starts.push(text.length);
  }
  const lineAt = (at: number): number => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= at) low = middle;
      else high = middle;
    }
    return low + 1;
  };
  return { text, lineAt };
}
