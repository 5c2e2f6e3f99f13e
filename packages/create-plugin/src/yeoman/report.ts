import { safeName } from '@criujs/engine-kit/safe-text';
import type { Answers } from '../answers.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import type { GitTrouble } from '../steps/git.ts';
import type { Installed } from '../steps/install.ts';
import type { Merged } from '../steps/merge-files.ts';
import { describeNextSteps, nextSteps } from '../steps/next-steps.ts';
import type { Plan } from '../steps/plan.ts';

/** What was done, or would be. */
export interface Outcome {
  readonly answers: Answers;
  /** The directory in which the command was called. */
  readonly cwd: string;
  readonly merged: Merged;
  readonly plan: Plan;
  readonly installed: Installed;
  readonly gitTrouble: GitTrouble;
}

/** Prints every file and command of a dry run. */
export function reportDryRun(outcome: Outcome, output: Output): number {
  const { answers, merged, plan } = outcome;
  const { colors } = output;
  sayPorted(outcome, output);
  output.say(`A dry run: nothing is written. In ${answers.folder} there would be`);
  for (const { path, bytes } of sizes(merged))
    output.say(`  ${colors.green('create')} ${path} ${colors.dim(`${bytes} B`)}`);
  for (const path of merged.kept) output.say(`  ${colors.yellow('keep')}   ${path}`);
  for (const command of commandsOf(plan)) output.say(`  ${colors.cyan('run')}    ${command}`);
  output.result({ ok: true, dryRun: true, ...described(outcome) });
  return exitCodes.done;
}

/** Tells that the project is there and what to do next. */
export function reportProject(outcome: Outcome, output: Output): number {
  const { answers, cwd, merged, plan, installed, gitTrouble } = outcome;
  const { colors } = output;
  sayPorted(outcome, output);
  if (gitTrouble !== null) output.warn(describeTrouble(gitTrouble));
  if (plan.git.length > 0 && gitTrouble === null) output.say(`${colors.green('✔')} Made a git repository`);
  for (const path of merged.kept) output.say(`  kept ${path}, which was there already`);
  const broken = installed === 'failed' || installed === 'interrupted';
  if (broken)
    output.error(
      `  ${output.errorColors.cyan('→')} The project was created. Once you have fixed the cause, continue with:`,
    );
  output.say(describeNextSteps(nextSteps(answers, cwd, installed === 'installed'), colors));
  output.result({ ok: !broken, dryRun: false, ...described(outcome) });
  if (installed === 'interrupted') return exitCodes.interrupted;
  return installed === 'failed' ? exitCodes.notInstalled : exitCodes.done;
}

function describeTrouble({ why, commands }: NonNullable<GitTrouble>): string {
  if (commands.length === 0) return `${why}\n  The project is complete without it; commit it when you like.`;
  return [why, 'Say it once, then commit the project:', ...commands.map((it) => `  ${it}`)].join('\n  ');
}

/** What was read of an existing plugin, and what was not. */
function sayPorted({ answers: { ported } }: Outcome, { say, warn }: Output): void {
  if (ported === null) return;
  say(safeName(`${ported.hooksRead} (${ported.source})`));
  const notes = ported.notes.map((it) => `  ${safeName(it)}`);
  if (!ported.complete)
    warn(['Not all of its hooks may be in the project: add what is missing. This was not read:', ...notes].join('\n'));
  else for (const it of notes) say(it);
}

function described({ answers, cwd, merged, plan, installed, gitTrouble }: Outcome): object {
  const { folder, packageName, pluginName, handles } = answers;
  return {
    folder,
    packageName,
    pluginName,
    handles,
    ported: portedOf(answers),
    files: sizes(merged),
    kept: merged.kept,
    commands: commandsOf(plan),
    installed,
    gitTrouble,
    next: nextSteps(answers, cwd, installed === 'installed'),
  };
}

function portedOf({ ported, device }: Answers): object | null {
  if (ported === null) return null;
  const { source, hooksRead, complete, notes } = ported;
  return { source, hooks: ported.hooks.map(({ hook }) => hook), hooksRead, complete, notes, device };
}

function sizes({ files }: Merged): readonly { readonly path: string; readonly bytes: number }[] {
  return files
    .map(({ path, content }) => ({ path, bytes: Buffer.byteLength(content) }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function commandsOf({ install, git }: Plan): readonly string[] {
  return [...(install === null ? [] : [install]), ...git].map((command) =>
    command.map((word) => (/\s/.test(word) ? `'${word}'` : word)).join(' '),
  );
}
