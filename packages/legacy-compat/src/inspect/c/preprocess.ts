import { basename } from 'node:path';
import { invalid } from '../invalid.ts';
import { pairBrackets } from './brackets.ts';
import { type Decide, holds } from './condition.ts';
import { type Budget, expand } from './expand.ts';
import { type HeaderKind, kindOfHeader } from './headers.ts';
import { type Macro, readMacro } from './macros.ts';
import type { OwnFiles } from './own-files.ts';
import { type Directive, type Place, type Token, wordsOf } from './tokens.ts';

/** A program after the preprocessor: conditions decided, macros applied, the author's own files included. */
export interface Preprocessed {
  readonly tokens: readonly Token[];
  /** For the position of an opening bracket that of the closing one, where there is one. */
  readonly closeOf: ReadonlyMap<number, number>;
  /** What it includes and was not read. */
  readonly unread: readonly Unread[];
  /** Macros that it defines and that are still defined at its end. */
  readonly macros: ReadonlyMap<string, Macro>;
}

export interface Unread extends Place {
  readonly header: string;
  readonly kind: HeaderKind;
  readonly isAngled: boolean;
  /** null: it is not there. */
  readonly why: string | null;
}

/** What a reading may use. */
export interface Settings {
  readonly path: string;
  readonly files: OwnFiles;
  readonly budget: Budget;
  readonly decide: (question: string, wanted: boolean, directive: Directive) => boolean;
}

/** Files within files; own ones include each other in circles where they have no guards. */
const deepest = 32;
const mostIncludes = 1000;

/** What every compiler for Linux says of itself, and what none of them does. */
const always: readonly string[] = [
  '__linux__',
  '__linux',
  '__unix__',
  '__GNUC__',
  '__ELF__',
  '__STDC__',
  '__COUNTER__',
];
const never: readonly string[] = ['_WIN32', '__APPLE__', '_MSC_VER', '__OBJC__', '__ASSEMBLER__', '__MINGW32__'];

interface Condition {
  /** Whether the present branch counts, and whether one before it did. */
  taken: boolean;
  done: boolean;
}

/** @throws PluginError PLUGIN_INVALID: it says itself that it does not compile so (`#error`) */
export function preprocess(words: readonly (Token | Directive)[], settings: Settings): Preprocessed {
  const { path, files, budget } = settings;
  const macros = new Map<string, Macro>();
  const gone = new Set<string>();
  const unread: Unread[] = [];
  const once = new Set<string>();
  const tokens: Token[] = [];
  const isCpp = /\.(cc|cpp|cxx|hpp)$/i.test(path);
  let pending: Token[] = [];
  let includes = 0;
  walk(words, basename(path), 0);
  flush();
  return { tokens, closeOf: pairBrackets(tokens), unread, macros };

  function walk(all: readonly (Token | Directive)[], file: string, depth: number): void {
    const open: Condition[] = [];
    for (const [at, word] of all.entries()) {
      const counts = open.every((it) => it.taken);
      if (word.kind !== 'directive') {
        if (counts) pending.push(word);
        continue;
      }
      const [name, ...rest] = wordsOf(word);
      if (name === undefined) continue;
      if (!branch(name.text, rest, word, all[at + 1], open, counts) && counts)
        direct(name.text, rest, word, file, depth);
    }
  }

  /** Whether it was one of the directives that make conditions. */
  function branch(
    name: string,
    rest: readonly Token[],
    directive: Directive,
    next: Token | Directive | undefined,
    open: Condition[],
    counts: boolean,
  ): boolean {
    if (name.startsWith('if')) {
      const own = defaultOf(name, rest, next);
      const taken = counts && ((own !== null && told(own) === undefined) || condition(name, rest, directive));
      open.push({ taken, done: taken || !counts });
      return true;
    }
    const last = open.at(-1);
    if (name === 'endif') open.pop();
    else if (last === undefined) return false;
    else if (name === 'else' || name.startsWith('elif')) {
      last.taken = !last.done && (name === 'else' || condition(name.slice(2), rest, directive));
      last.done ||= last.taken;
    } else return false;
    return true;
  }

  /** `ifdef`, `ifndef` or `if`. */
  function condition(name: string, rest: readonly Token[], directive: Directive): boolean {
    const decide: Decide = (question, wanted) => settings.decide(question, wanted, directive);
    const [first] = rest;
    if (name === 'ifdef' || name === 'ifndef')
      return isDefined(first?.text ?? '', name === 'ifdef', decide) === (name === 'ifdef');
    return holds(expand(withoutDefined(rest), macros, budget), decide);
  }

  function isDefined(name: string, wanted: boolean, decide: Decide): boolean {
    return told(name) ?? decide(`defined(${name})`, wanted);
  }

  /** undefined: the text does not tell. */
  function told(name: string): boolean | undefined {
    if (macros.has(name) || always.includes(name)) return true;
    if (gone.has(name) || never.includes(name)) return false;
    return name === '__cplusplus' ? isCpp : undefined;
  }

  /** `defined X` is 1 or 0 or, where that is not told, a name. */
  function withoutDefined(rest: readonly Token[]): readonly Token[] {
    const out: Token[] = [];
    for (let at = 0; at < rest.length; at += 1) {
      const word = rest[at] as Token;
      const [inner, length] = rest[at + 1]?.text === '(' ? [rest[at + 2], 3] : [rest[at + 1], 1];
      if (word.text !== 'defined' || inner === undefined) {
        out.push(word);
        continue;
      }
      const known = told(inner.text);
      if (known === undefined) out.push({ ...word, text: `defined(${inner.text})` });
      else out.push({ ...word, kind: 'number', text: known ? '1' : '0' });
      at += length;
    }
    return out;
  }

  function direct(name: string, rest: readonly Token[], directive: Directive, file: string, depth: number): void {
    if (name === 'define' || name === 'undef' || name === 'include' || name === 'import') flush();
    const [first] = rest;
    if (name === 'define') define(rest);
    if (name === 'undef' && first !== undefined) {
      macros.delete(first.text);
      gone.add(first.text);
    }
    if (name === 'pragma' && first?.text === 'once') once.add(file);
    if (name === 'include' || name === 'import' || name === 'include_next') include(name, rest, directive, file, depth);
    if (name !== 'error') return;
    const what = `${directive.file} refuses in line ${directive.line} to be compiled so: ${directive.text.slice(0, 200)}`;
    throw invalid(path, what, 'Check its conditions.');
  }

  function define(rest: readonly Token[]): void {
    const macro = readMacro(rest);
    if (macro === null) return;
    macros.set(macro.name, macro);
    gone.delete(macro.name);
  }

  function include(
    how: string,
    rest: readonly Token[],
    { file: from, line }: Directive,
    file: string,
    depth: number,
  ): void {
    const named = headerOf(rest) ?? headerOf(expand(rest, macros, budget));
    if (named === null) {
      unread.push({ file: from, line, header: '?', kind: 'other', isAngled: false, why: 'its name cannot be told' });
      return;
    }
    const kind = kindOfHeader(named.header, named.isAngled);
    if (kind === 'public' || (kind === 'system' && named.isAngled)) return;
    includes += 1;
    const found =
      depth >= deepest || includes > mostIncludes
        ? 'too many files include each other'
        : files.open(named.header, file);
    if (found === null || typeof found === 'string') {
      if (kind !== 'system')
        unread.push({ file: from, line, ...named, kind: found === null ? kind : 'other', why: found });
      return;
    }
    if (once.has(found.name)) return;
    if (how === 'import') once.add(found.name);
    budget.words -= found.words.length;
    if (budget.words < 0) budget.spentAt ??= { file: from, line };
    else walk(found.words, found.name, depth + 1);
  }

  function flush(): void {
    for (const it of expand(pending, macros, budget)) tokens.push(it);
    pending = [];
  }
}

/** `"own.h"` or `<own.h>`. */
function headerOf(words: readonly Token[]): { readonly header: string; readonly isAngled: boolean } | null {
  const [first, ...rest] = words;
  if (first?.kind === 'text') return { header: first.text, isAngled: false };
  const end = rest.findIndex((it) => it.text === '>');
  if (first?.text !== '<' || end < 0) return null;
  return {
    header: rest
      .slice(0, end)
      .map((it) => it.text)
      .join(''),
    isAngled: true,
  };
}

/**
 * What is defined where it was not yet, as guards of headers and defaults of settings are: taken as not defined before.
 * null: the condition is another one.
 */
function defaultOf(name: string, rest: readonly Token[], next: Token | Directive | undefined): string | null {
  const text = rest.map((it) => it.text).join('');
  const what = name === 'ifndef' ? text : name === 'if' ? /^!defined\(?(\w+)\)?$/.exec(text)?.[1] : undefined;
  if (what === undefined || next?.kind !== 'directive') return null;
  const [define, defined] = wordsOf(next);
  return define?.text === 'define' && defined?.text === what ? what : null;
}
