import { type ProjectRecord, projectRecordName, templateVersion } from '../answers.ts';
import { CreateError } from '../create-error.ts';
import type { Migration } from './migration.ts';
import { nodeVersionsAndAgents } from './migrations/002-node-versions-and-agents.ts';
import { manifestField } from './migrations/003-manifest.ts';
import type { Tree } from './tree.ts';

/** Every template version after the first has exactly one. */
export const migrations: readonly Migration[] = [nodeVersionsAndAgents, manifestField];

/** A migration that was run, and what it leaves to the author. */
export interface Step {
  readonly to: number;
  readonly title: string;
  readonly byHand: readonly string[];
}

/**
 * Runs in order what the project has not seen yet, on the tree alone.
 *
 * @throws CreateError `MIGRATION_FAILED`
 */
export function runMigrations(tree: Tree, record: ProjectRecord, known: readonly Migration[] = migrations): Step[] {
  return known
    .filter(({ to }) => to > record.template && to <= templateVersion)
    .toSorted((a, b) => a.to - b.to)
    .map((migration) => runOne(tree, record, migration));
}

function runOne(tree: Tree, record: ProjectRecord, { to, title, migrate }: Migration): Step {
  try {
    return { to, title, byHand: migrate(tree, record) };
  } catch (error) {
    if (error instanceof CreateError) throw error;
    throw new CreateError(
      'MIGRATION_FAILED',
      `the migration to template ${to} (${title}) failed: ${error instanceof Error ? error.message : error}`,
      `Nothing was changed. Please report it, with ${projectRecordName}: https://github.com/criujs/criujs/issues`,
      error,
    );
  }
}
