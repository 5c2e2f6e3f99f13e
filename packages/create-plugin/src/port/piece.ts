import type { PortedPlugin } from '../answers.ts';
import { inComment } from './in-comment.ts';

/** A piece of a module, and what it imports from the SDK. */
export interface Piece {
  readonly text: string;
  readonly types: readonly string[];
  readonly values: readonly string[];
}

/** The original function, as its author would recognise it. @param given its arguments, each with its type in C */
export function was(
  name: string,
  given: readonly { readonly type: string; readonly name: string }[],
  { format }: PortedPlugin,
): string {
  const isTyped = format !== 'javascript';
  const args = given.map((it) => (isTyped ? it.type + it.name : it.name)).join(', ') || (isTyped ? 'void' : '');
  if (name !== '') return `${inComment(name)}(${args})`;
  return `a function (${args}) whose name ${format === 'elf' ? 'is stripped' : 'is not written'}`;
}

/** A doc comment of these lines. */
export function comment(lines: readonly string[]): string {
  return ['/**', ...lines.map((line) => ` * ${line}`), ' */'].join('\n');
}
