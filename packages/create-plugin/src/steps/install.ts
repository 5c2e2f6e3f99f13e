import { stripVTControlCharacters } from 'node:util';
import { safeText } from '@criujs/engine-kit/safe-text';
import type { Output } from '../output.ts';
import { openLiveLine } from './live-line.ts';
import { runCommand } from './run-command.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** How an installation went; `none` was wanted. */
export type Installed = 'none' | 'installed' | 'failed' | 'interrupted';

/**
 * Installs what the project needs. What the package manager prints is shown only when it fails, or with `--verbose`.
 * @param command the package manager and its arguments
 */
export async function install(
  command: readonly string[],
  folder: string,
  environment: Environment,
  output: Output,
): Promise<Installed> {
  const manager = command[0];
  const line = output.live && !output.verbose ? openLiveLine(process.stderr) : null;
  if (line === null) output.say(`Installing with ${manager} …`);
  line?.show(`Installing with ${manager} …`);
  const {
    code,
    output: text,
    interrupted,
  } = await runCommand(command, {
    cwd: folder,
    environment: forInstallation(environment),
    show: output.verbose,
    onLine: (said) => line?.show(`Installing with ${manager}: ${safeText(stripVTControlCharacters(said))}`),
  });
  line?.clear();
  if (code === 0) {
    output.say(`${output.colors.green('✔')} Installed with ${manager}`);
    return 'installed';
  }
  if (text.trim() !== '') output.error(stripVTControlCharacters(text.trimEnd()));
  const how = interrupted ? 'was interrupted' : `failed${code === null ? '' : ` with exit code ${code}`}`;
  output.error(`${output.errorColors.red('create-criu-plugin:')} ${command.join(' ')} ${how}`);
  return interrupted ? 'interrupted' : 'failed';
}

/** With NODE_ENV=production a package manager would leave out what the project is tested with. */
function forInstallation(environment: Environment): Environment {
  const { NODE_ENV: _, ...others } = environment;
  return others;
}
