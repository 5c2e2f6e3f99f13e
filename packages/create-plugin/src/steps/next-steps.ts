import { relative } from 'node:path';
import type { Colors } from '@criujs/engine-kit/safe-text';
import type { Answers } from '../answers.ts';
import { packageManagerCommands } from '../package-manager.ts';

/** What a user does next, as commands. */
export function nextSteps(answers: Answers, cwd: string, installed: boolean): readonly string[] {
  const { install, run, test } = packageManagerCommands[answers.packageManager];
  const fromHere = relative(cwd, answers.folder);
  const folder = fromHere.length < answers.folder.length ? fromHere : answers.folder;
  return [
    ...(folder === '' ? [] : [`cd ${quoted(folder)}`]),
    ...(installed ? [] : [install.join(' ')]),
    test,
    `${run} dev`,
  ];
}

/** The same for people. */
export function describeNextSteps(steps: readonly string[], colors: Colors): string {
  return `\nNext:\n${steps.map((step) => `  ${colors.cyan(step)}`).join('\n')}`;
}

function quoted(path: string): string {
  return /^[\p{Letter}\p{Number}_./@+-]+$/u.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
