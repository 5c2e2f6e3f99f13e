import { resolve } from 'node:path';
import { helpText } from './command/help.ts';
import { parseArguments } from './command/parse-arguments.ts';
import { printError } from './command/print-error.ts';
import type { Request, UpdateRequest } from './command/request.ts';
import { exitCodes } from './exit-codes.ts';
import { createOutput, type Output } from './output.ts';
import { ownVersion } from './package-folder.ts';
import { ownPlace, type Place } from './place.ts';

/**
 * Runs `create-criu-plugin` with these arguments (without node and script). What is not needed is not loaded: help and
 * refusals do without Yeoman.
 * @returns the exit code
 */
export async function main(args: readonly string[], place: Place = ownPlace()): Promise<number> {
  const { environment } = place;
  const json = args.includes('--json');
  const output = createOutput({ json, verbose: args.includes('--verbose'), environment });
  try {
    const invocation = parseArguments(args);
    switch (invocation.command) {
      case 'help':
        process.stdout.write(helpText());
        return exitCodes.done;
      case 'version':
        process.stdout.write(`${ownVersion()}\n`);
        return exitCodes.done;
      case 'update':
        return await update(invocation.request, place, output);
      case 'create':
        return await create(invocation.request, place, output);
    }
  } catch (error) {
    return printError(error, output);
  }
}

async function create(request: Request, place: Place, output: Output): Promise<number> {
  const { prepare } = await import('./questions/prepare.ts');
  const prepared = await prepare(request, place);
  const { runGenerator } = await import('./yeoman/run-generator.ts');
  return await runGenerator(prepared, output);
}

async function update(request: UpdateRequest, place: Place, output: Output): Promise<number> {
  const { runUpdate } = await import('./update/run-update.ts');
  const folder = resolve(place.cwd, request.folder);
  return runUpdate({ ...request, folder, createdWith: ownVersion() }, output);
}
