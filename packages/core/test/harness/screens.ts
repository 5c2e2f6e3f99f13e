import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { procLink, procList } from './processes.ts';
import { cProgram, type Program } from './programs.ts';
import type { Target } from './target.ts';
import { until } from './wait.ts';

// Programs that people use in a terminal, with `programs/screen.c` in the place of a person's.

/** Where a command is; null: it is not installed. */
function where(command: string): string | null {
  try {
    return execFileSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

/** A command in a terminal. */
export function onScreen(
  command: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Program {
  const screen = cProgram('screen');
  const path = where(command);
  return {
    name: command,
    missing: path === null ? `no ${command}` : screen.missing,
    command: () => [...screen.command(), path ?? command, ...args],
    env: { TERM: 'xterm', HOME: '/nonexistent', PS1: '> ', ...env },
  };
}

function shown(target: Target): string {
  return existsSync(target.path('screen')) ? readFileSync(target.path('screen'), 'latin1') : '';
}

/** Waits until something has been shown. */
export async function untilShown(target: Target, text: string): Promise<void> {
  await until(`${target.program.name} shows ${text}`, () => target.ticks() > 0 && shown(target).includes(text));
}

/** Types something, and waits until something is shown that was not there before. */
export async function type(target: Target, keys: string, answer: string | RegExp): Promise<string> {
  const before = shown(target).length;
  writeFileSync(target.path('keys.new'), keys);
  renameSync(target.path('keys.new'), target.path('keys'));
  const since = (): string => shown(target).slice(before);
  const isAnswered = (): boolean =>
    target.ticks() > 0 && (typeof answer === 'string' ? since().includes(answer) : answer.test(since()));
  await until(`${JSON.stringify(keys)} is answered with ${answer}`, isAnswered).catch((error: unknown) => {
    throw new Error(`shown instead: ${JSON.stringify(since())}`, { cause: error });
  });
  return since();
}

/** Two shells side by side in tmux, its server, and a client that shows them; all of them end when the screen does. */
export function tmuxScreen(): Program {
  const shell = 'env "PS1=> " bash --norc -i';
  const script = [
    'trap : HUP',
    // -N: nobody else starts a server. It refuses terminals that are its own, so it has none.
    'tmux -S at -f /dev/null -D </dev/null >/dev/null 2>&1 &',
    `until tmux -N -S at new-session -d '${shell}' 2>/dev/null; do sleep 0.1; done`,
    // What is typed at once counts as typed, and not as pasted.
    'tmux -S at set -g status off; tmux -S at set -g assume-paste-time 0',
    `tmux -S at split-window '${shell}'`,
    'tmux -S at attach; tmux -S at kill-server; wait',
  ];
  const program = onScreen('sh', ['-c', script.join('\n')]);
  return { ...program, name: 'tmux', missing: where('tmux') === null ? 'no tmux' : program.missing };
}

/** The modes of each pseudo terminal that a tree has, as stty(1) says them. */
export function terminalModes(target: Target): string[] {
  const links = target.pids().flatMap((pid) => procList(pid, 'fd').map((fd) => procLink(pid, `fd/${fd}`)));
  const terminals = [...new Set(links.filter((link) => link?.startsWith('/dev/pts/')))].toSorted();
  return terminals.map((path) => `${path} ${execFileSync('stty', ['-F', `${path}`, '-a'], { encoding: 'utf8' })}`);
}
