import { invalid } from '../invalid.ts';

/** Where something is written. */
export interface Place {
  /** The file as messages name it: by its path from the folder of the plugin's source. */
  readonly file: string;
  readonly line: number;
}

/** A word of a program in C. */
export interface Token extends Place {
  readonly kind: 'name' | 'number' | 'text' | 'mark';
  /** Of a `text` what is between the quotes. */
  readonly text: string;
  /** Whether a blank or a comment is before it. */
  readonly spaced: boolean;
  /** Macros that it came from: they do not apply to it again (C17, 6.10.3.4). */
  readonly hidden?: ReadonlySet<string>;
}

/** A line that begins with `#`, for the preprocessor. */
export interface Directive extends Place {
  readonly kind: 'directive';
  readonly text: string;
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
  { kind: 'mark', pattern: /##|\.\.\.|->|<<|>>|[<>=!+\-*/%&|^]=|&&|\|\||./sy },
];

const directive: Rule = { kind: 'directive', pattern: /#(?:\/\/[^\n]*|\/\*[\s\S]*?\*\/|\/(?!\*)|[^\n/])*/y };

/**
 * The words of a program in C and the lines of its preprocessor, without comments.
 * @param path for errors
 * @param file as the words name it
 * @throws PluginError PLUGIN_INVALID: a comment without end
 */
export function tokenize(source: string, path: string, file: string = path): readonly (Token | Directive)[] {
  const { text, lineAt } = joinLines(source);
  const tokens: (Token | Directive)[] = [];
  let [fresh, spaced] = [true, true];
  for (let at = 0; at < text.length; ) {
    if (text[at] === '\n') {
      [fresh, spaced] = [true, true];
      at += 1;
      continue;
    }
    const [{ kind }, match] = fresh && text[at] === '#' ? [directive, matchAt(directive, text, at)] : next(text, at);
    if (kind === 'open') {
      const what = `a comment that begins in line ${lineAt(at)} does not end`;
      throw invalid(path, what, 'Check that the file is complete.');
    }
    if (kind === 'directive') tokens.push({ kind, text: match[0], file, line: lineAt(at) });
    else if (kind !== 'nothing') tokens.push({ kind, text: match[1] ?? match[0], file, line: lineAt(at), spaced });
    spaced = kind === 'nothing';
    if (!spaced) fresh = false;
    at += match[0].length;
  }
  return tokens;
}

/** The words of a directive after its `#`, all in the line that it begins in. */
export function wordsOf({ text, file, line }: Directive): readonly Token[] {
  const words: Token[] = [];
  const rest = text.slice(1).replaceAll('\n', ' ');
  let spaced = false;
  for (let at = 0; at < rest.length; ) {
    const [{ kind }, match] = next(rest, at);
    spaced ||= kind === 'nothing';
    if (kind !== 'nothing' && kind !== 'open' && kind !== 'directive') {
      words.push({ kind, text: match[1] ?? match[0], file, line, spaced });
      spaced = false;
    }
    at += match[0].length;
  }
  return words;
}

function next(text: string, at: number): [Rule, RegExpExecArray] {
  for (const rule of rules) {
    rule.pattern.lastIndex = at;
    const match = rule.pattern.exec(text);
    if (match !== null) return [rule, match];
  }
  throw new Error(`no rule took the character at ${at}`);
}

function matchAt({ pattern }: Rule, text: string, at: number): RegExpExecArray {
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
