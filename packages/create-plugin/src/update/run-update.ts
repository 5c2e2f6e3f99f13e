import { templateVersion } from '../answers.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { requireCleanTree } from './git.ts';
import { readProjectRecord, writeProjectRecord } from './project-record.ts';
import { describeUpdate, type Update } from './report.ts';
import { runMigrations } from './run-migrations.ts';
import { openTree } from './tree.ts';
import { writeChanges } from './write-changes.ts';

export interface UpdateArguments {
  /** Absolute; the project's own folder. */
  readonly folder: string;
  /** Whether changes that are not committed may be there. */
  readonly force: boolean;
  /** Print what would change, and change nothing. */
  readonly dryRun: boolean;
  /** The version of create-criu-plugin that runs. */
  readonly createdWith: string;
}

/**
 * Brings a project to the present template: `create-criu-plugin update`. Nothing is written before every migration has
 * succeeded, and then all or nothing.
 *
 * @returns the exit code
 * @throws CreateError with the reason; the project is then as it was
 */
export function runUpdate(options: UpdateArguments, output: Output): number {
  const { folder, force, dryRun, createdWith } = options;
  const tree = openTree(folder);
  const record = readProjectRecord(tree, folder);
  if (!force && !dryRun) requireCleanTree(folder);

  const steps = runMigrations(tree, record);
  if (steps.length > 0) writeProjectRecord(tree, { template: templateVersion, createdWith });
  const changes = tree.changes();
  if (!dryRun) writeChanges(folder, changes);

  const update: Update = { folder, from: record.template, to: templateVersion, dryRun, steps, changes };
  if (output.json) output.result({ ok: true, ...update });
  else output.say(describeUpdate(update));
  return exitCodes.done;
}
