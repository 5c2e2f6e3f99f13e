import { type KindId, kindIds, type ProjectRecord, projectRecordName, templateVersion } from '../answers.ts';
import { CreateError } from '../create-error.ts';
import type { Tree } from './tree.ts';

/**
 * What a project says of its own making, checked.
 *
 * @throws CreateError `NO_PROJECT`, `BAD_RECORD` or `NEWER_PROJECT`
 */
export function readProjectRecord(tree: Tree, folder: string): ProjectRecord {
  const text = tree.read(projectRecordName);
  if (text === null) {
    throw new CreateError(
      'NO_PROJECT',
      `${folder} was not made by create-criu-plugin: it has no ${projectRecordName}`,
      'Run this in the folder of such a project, or make one: npm create criu-plugin',
    );
  }
  const record = parse(text);
  const problem = problemOf(record);
  if (problem !== null) {
    throw new CreateError(
      'BAD_RECORD',
      `${projectRecordName} in ${folder} cannot be understood: ${problem}`,
      `Bring it back as it was: git checkout -- ${projectRecordName}`,
    );
  }
  const { template, createdWith } = record as ProjectRecord;
  if (template > templateVersion) {
    throw new CreateError(
      'NEWER_PROJECT',
      `${folder} is a project of template ${template}, made by create-criu-plugin ${createdWith}; ` +
        `this one knows templates up to ${templateVersion}`,
      'Use the newest: npx create-criu-plugin@latest update',
    );
  }
  return record as ProjectRecord;
}

/** Keeps what else a later or an earlier release wrote there. */
export function writeProjectRecord(tree: Tree, changes: Pick<ProjectRecord, 'template' | 'createdWith'>): void {
  const record = { ...(parse(tree.read(projectRecordName) ?? '') as object), ...changes };
  tree.write(projectRecordName, `${JSON.stringify(record, null, 2)}\n`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function problemOf(record: unknown): string | null {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return 'it is not a JSON object';
  const { template, createdWith, handles, options } = record as Partial<Record<keyof ProjectRecord, unknown>>;
  if (!Number.isSafeInteger(template) || (template as number) < 1) return '"template" is not a whole number from 1';
  if (typeof createdWith !== 'string') return '"createdWith" is not a text';
  if (typeof options !== 'boolean') return '"options" is neither true nor false';
  if (!Array.isArray(handles)) return '"handles" is not a list';
  // A newer release may know more kinds; it is refused for its number, which tells more.
  const strange = (template as number) > templateVersion ? undefined : handles.find((it) => !isKind(it));
  return strange === undefined ? null : `"handles" has ${JSON.stringify(strange)}, which is no kind`;
}

function isKind(value: unknown): value is KindId {
  return kindIds.some((kind) => kind === value);
}
