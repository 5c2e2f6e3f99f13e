import { readFileSync } from 'node:fs';
import { exitCodes } from '@criujs/core';
import { CommanderError } from 'commander';
import { createOutput } from './output.ts';
import { UsageError } from './exit-error.ts';
import { printError } from './print-error.ts';
import { createProgram } from './program.ts';

/**
 * Runs `criujs` with these arguments (without node and script).
 * @returns the exit code
 */
export async function main(args: readonly string[], cwd: string = process.cwd()): Promise<number> {
  let code: number = exitCodes.done;
  const program = createProgram({
    cwd,
    version: ownVersion(),
    finished: (exitCode) => {
      code = exitCode;
    },
  });
  // What follows -- belongs to another program.
  const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  const output = createOutput({ json: own.includes('--json'), verbose: own.includes('-v') || own.includes('--verbose') });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ outputError: () => {} });
  }
  try {
    if (args.length === 0) program.help();
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) return printError(error, output);
    if (error.exitCode === 0) return exitCodes.done;
    const [command] = program.args;
    const known = program.commands.some((it) => it.name() === command);
    return printError(asUsageError(error, known ? command : undefined), output);
  }
}

/** Commander's message in our form: what is wrong, then what to do. */
function asUsageError(error: CommanderError, command: string | undefined): UsageError {
  const [what = '', hint] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = hint === undefined ? '' : `${hint.replace(/^\((.*)\)$/, '$1')} `;
  const help = command === undefined ? 'criujs --help' : `criujs help ${command}`;
  return new UsageError(what, `${suggestion}See \`${help}\`.`);
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}
