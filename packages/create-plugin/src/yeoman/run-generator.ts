import { fileURLToPath } from 'node:url';
import { createEnv } from 'yeoman-environment';
import type { Output } from '../output.ts';
import type { Prepared } from '../questions/prepare.ts';
import { CriuPluginGenerator, type OwnRun } from './generator.ts';

const namespace = 'criu-plugin:app';

/** Runs the generator in a Yeoman environment of its own; the exit code. */
export async function runGenerator(prepared: Prepared, output: Output): Promise<number> {
  const environment = createEnv({ cwd: prepared.situation.place.cwd });
  environment.register(CriuPluginGenerator, { namespace, resolved: fileURLToPath(import.meta.url) });
  return await new Promise((resolve, reject) => {
    const ownRun: OwnRun = { prepared, output, finished: resolve };
    environment.run([namespace], { ownRun } as object).catch(reject);
  });
}
