import { rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context, Outcome, Stage } from '@criujs/plugin-sdk';

/** What a dump leaves in the plugin's own part of the images. */
interface Origin {
  readonly host: string;
  readonly at: string;
}

/** The note of the run that is under way. */
let note: string | null = null;

/**
 * Before all hooks of a run. Leaves a note for people who watch this machine, and logs when the images come from another
 * one. `exit`, which is called whatever happens, undoes what is begun here.
 */
export async function init(stage: Stage, { image, log }: Context): Promise<void> {
  note = join(tmpdir(), `radio-${process.pid}.json`);
  writeFileSync(note, `${JSON.stringify({ stage, pid: process.pid })}\n`);
  if (stage === 'dump') {
    await image.writeJson('origin', { host: hostname(), at: new Date().toISOString() } satisfies Origin);
  }
  if (stage === 'restore' && (await image.names()).includes('origin')) {
    const { host, at } = await image.readJson<Origin>('origin');
    if (host !== hostname()) log.warn(`dumped on ${host} at ${at}: what belongs to that machine may not be here`);
  }
}

/** After all hooks, also when the run failed or `init` threw in the middle. It may be called twice. */
export function exit(stage: Stage, outcome: Outcome, { log }: Context): void {
  if (note !== null) rmSync(note, { force: true });
  note = null;
  // Remove here what only a complete run should leave behind.
  if (!outcome.ok) log.warn(`the ${stage} failed, nothing of it is left: ${outcome.error.message}`);
}
