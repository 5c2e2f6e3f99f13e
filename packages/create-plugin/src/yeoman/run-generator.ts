import { fileURLToPath } from 'node:url';
import { createEnv } from 'yeoman-environment';
import { CreateError } from '../create-error.ts';
import type { Output } from '../output.ts';
import type { Prepared } from '../questions/prepare.ts';
import { CriuPluginGenerator, type OwnRun } from './generator.ts';

const namespace = 'criu-plugin:app';

/**
 * Runs the generator in a Yeoman environment of its own.
 * @returns the exit code
 * @throws {CreateError}
 */
export async function runGenerator(prepared: Prepared, output: Output): Promise<number> {
  const environment = createEnv({ cwd: prepared.situation.place.cwd });
  const { log } = environment.adapter;
  // Yeoman would name the task that failed. What went wrong is said once, in our own words.
  log.error = () => log;
  environment.register(CriuPluginGenerator, { namespace, resolved: fileURLToPath(import.meta.url) });
  return await new Promise((resolve, reject) => {
    const ownRun: OwnRun = { prepared, output, finished: resolve };
    environment.run([namespace], { ownRun } as object).catch((error) => reject(asRefusal(error)));
  });
}

/** Ctrl-C at a question, or a closed terminal, is not an error. */
function asRefusal(error: unknown): unknown {
  if (!(error instanceof Error) || !/^(ExitPrompt|AbortPrompt)Error$/.test(error.name)) return error;
  return new CreateError('INTERRUPTED', 'interrupted: nothing was written', 'Start again whenever you like.', error);
}
