import type { PortedHookName } from '../answers.ts';
import type { PortedHook } from './ported-hooks.ts';

/** An argument of C's function. */
export interface Parameter {
  /** `const char *` */
  readonly type: string;
  /** As C's header names it, and as the author does: the same where the file does not tell. */
  readonly standard: string;
  readonly name: string;
  /** Its name here; null: it is not there any more. */
  readonly now: string | null;
}

/** Longer names are not taken over into code: nobody would read it. */
const longest = 24;
/** Names of C's that are words of JavaScript, or of what a handler has already. */
const taken =
  /^(arguments|async|await|catch|class|const|debugger|delete|eval|export|extends|false|finally|function|implements|import|in|instanceof|interface|let|log|new|null|package|private|protected|public|super|this|throw|true|try|typeof|undefined|var|with|yield)$/;

/** What becomes of each argument; the author may have left out the last ones, which older hooks do not have. */
export function parametersOf({ before, now }: PortedHook, { parameters }: PortedHookName): readonly Parameter[] {
  const all = before === 'void' ? [] : before.split(', ');
  const own = parameters === null ? all : all.slice(0, parameters.length);
  return own.map((text, index) => {
    const [, type = '', standard = ''] = /^(.*[ *])(\w+)$/.exec(text) ?? [];
    const given = parameters?.[index] ?? '';
    const name = /^[A-Za-z_]\w*$/.test(given) ? given : standard;
    return { type, standard, name, now: now[standard] ?? null };
  });
}

/** Under which names the new function takes its arguments: the author's, where they can be. */
export function localNames(
  hook: PortedHook,
  parameters: readonly Parameter[],
  { parameters: told }: PortedHookName,
): ReadonlyMap<string, string> {
  if (told === null) return new Map(hook.takes.map((it) => [it, it]));
  const found = parameters.filter(({ name }) => name.length <= longest && !taken.test(name));
  const names = hook.takes.map((now): [string, string] => [now, found.find((it) => it.now === now)?.name ?? now]);
  const isClear = new Set(names.map(([, name]) => name)).size === names.length;
  return new Map(isClear ? names : hook.takes.map((it) => [it, it]));
}

/** What the author's names are now, in a line; none where they are the same. */
export function renamed(parameters: readonly Parameter[]): readonly string[] {
  const changed = parameters.filter(({ name, now }) => now !== null && now !== name);
  if (changed.length === 0) return [];
  const parts = changed.map(({ name, now }, index) => `\`${name}\` is \`${now}\`${index === 0 ? ' now' : ''}`);
  return [`${parts.join(', ')}.`];
}
