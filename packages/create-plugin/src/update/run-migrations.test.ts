import { expect, test } from 'vitest';
import { type ProjectRecord, templateVersion } from '../answers.ts';
import type { Migration } from './migration.ts';
import { migrations, runMigrations } from './run-migrations.ts';
import { createTree } from './tree.ts';

const record: ProjectRecord = { template: 1, createdWith: '0.1.0', handles: ['lifecycle'], options: false };
const empty = () => createTree(() => null);

test('every template version after the first has one migration, in order, with a file of its number', () => {
  const all = Array.from({ length: templateVersion - 1 }, (_, at) => at + 2);
  expect(migrations.map(({ to }) => to)).toEqual(all);
});

test('only what the project has not seen is run, and never more than the present template', () => {
  const ran: number[] = [];
  const known = [templateVersion + 1, templateVersion, 1].map((to): Migration => {
    const migrate = (): string[] => {
      ran.push(to);
      return ['by hand'];
    };
    return { to, title: `${to}`, migrate };
  });
  expect(runMigrations(empty(), record, known)).toEqual([
    { to: templateVersion, title: `${templateVersion}`, byHand: ['by hand'] },
  ]);
  expect(ran).toEqual([templateVersion]);
});

test('a migration that throws is named', () => {
  const migrate = (): never => {
    throw new TypeError('no such thing');
  };
  expect(() => runMigrations(empty(), record, [{ to: 2, title: 'New things', migrate }])).toThrow(
    expect.objectContaining({
      code: 'MIGRATION_FAILED',
      message: 'the migration to template 2 (New things) failed: no such thing',
    }),
  );
});
