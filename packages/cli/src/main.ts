import { readFileSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { exitCodes } from '@criujs/core';
import { adoptThread } from '@criujs/core/thread';
import type { Command, CommanderError } from 'commander';
import { createOutput, flushed } from './output.ts';
import { parseRun } from './parse-run.ts';
import { printError } from './print-error.ts';
import { UsageError } from './usage-error.ts';

/**
 * Runs `criujs` with these arguments (without node and script).
 * @param thread of the engine, if it was started already
 * @returns the exit code
 */
export async function main(
  args: readonly string[],
  cwd: string = currentDirectory(),
  thread: Worker | null = null,
): Promise<number> {
  if (thread !== null) adoptThread(thread);
  const run = parseRun(args);
  try {
    if (run === null) return await runProgram(args, cwd);
    const { runCommand } = await import('./commands/run.ts');
    return await runCommand(run.command, await createOutput({ ...run, environment: { NO_COLOR: '1' } }));
  } catch (error) {
    const own = run === null ? withoutCommand(args) : [];
    const json = run?.json ?? own.includes('--json');
    const verbose = run?.verbose ?? (own.includes('-v') || own.includes('--verbose'));
    const code = printError(error, await createOutput({ json, verbose }));
    if ((error as { code?: unknown }).code !== 'ENGINE_STUCK') return code;
    const { endAtOnce } = await import('./signals.ts');
    await flushed();
    return endAtOnce(code);
  }
}

/** A removed directory has no path; absolute paths work without it. */
function currentDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return '.';
  }
}

/** What follows -- belongs to another program. */
function withoutCommand(args: readonly string[]): readonly string[] {
  return args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
}

/** All commands except a well-formed `run`, which does not need the parser. */
async function runProgram(args: readonly string[], cwd: string): Promise<number> {
  const { createProgram } = await import('./program.ts');
  let code: number = exitCodes.done;
  const program = createProgram({
    cwd,
    version: ownVersion(),
    finished: (exitCode) => {
      code = exitCode;
    },
  });
  for (const command of withSubcommands(program)) {
    command.exitOverride().configureOutput({ outputError: () => undefined });
  }
  if (args.length === 0) {
    program.outputHelp({ error: true });
    return exitCodes.usage;
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (!isCommanderError(error)) throw error;
    if (error.exitCode === 0) return exitCodes.done;
    // A group of commands without one of them: its help was printed.
    if (error.code === 'commander.help') return exitCodes.usage;
    const [command] = program.args;
    throw asUsageError(error, program.commands.some((it) => it.name() === command) ? command : undefined);
  }
}

function withSubcommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && (error as Partial<CommanderError>).code?.startsWith('commander.') === true;
}

/** Commander's message in our form: what is wrong, then what to do. */
function asUsageError(error: CommanderError, command: string | undefined): UsageError {
  const [what = '', hint] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = hint === undefined ? '' : `${hint.replace(/^\((.*)\)$/, '$1')} `;
  const help = command === undefined ? 'criujs --help' : `criujs help ${command}`;
  return new UsageError(what, `${suggestion}See \`${help}\`.`);
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}
