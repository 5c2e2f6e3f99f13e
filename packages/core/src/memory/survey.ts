import type { Vma } from '@criujs/linux';
import type { HookName } from '@criujs/plugin-sdk';
import type { SeenProcess } from '../files/kind.ts';
import { findMapped, nothingBehind } from '../files/mapped.ts';
import type { ExternalFile, SurveyRow } from '../files/survey.ts';
import { mapResource, mapsResource } from './describe.ts';
import { recogniseMap } from './recognise.ts';

/**
 * The rows of a process's memory: one for all that the engine takes, one for each file of a plugin's, and one for each map
 * that nobody takes.
 */
export function surveyMaps(
  { pid, command }: SeenProcess,
  maps: readonly Vma[],
  externals: readonly ExternalFile[],
  hooks: { serves(hook: HookName): boolean },
): SurveyRow[] {
  const taken: Vma[] = [];
  const files = new Set<string>();
  const external = new Map<ExternalFile, Vma[]>();
  const refused: SurveyRow[] = [];
  const row = { pid, command, subject: 'memory' } as const;
  const refuse = (vma: Vma, { why, remedy }: { why: string; remedy: string }): void => {
    refused.push({ ...row, resource: mapResource(vma), taker: null, why, remedy });
  };

  for (const vma of maps) {
    const kind = recogniseMap(vma);
    if (kind.kind === 'refused') refuse(vma, kind);
    else if (kind.kind === 'external') {
      const found = hooks.serves('DUMP_EXT_FILE') ? findMapped(pid, vma, externals) : null;
      const file = externals.find(({ id }) => id === found);
      if (file !== undefined) external.set(file, [...(external.get(file) ?? []), vma]);
      else refuse(vma, found === null || typeof found === 'number' ? nothingBehind : found);
    } else {
      taken.push(vma);
      if (kind.kind === 'file') files.add(kind.path);
    }
  }

  const ofFiles = files.size === 0 ? '' : `, of ${files.size} file${files.size === 1 ? '' : 's'}`;
  return [
    ...(taken.length === 0
      ? []
      : [{ ...row, resource: `${mapsResource(taken)}${ofFiles}`, taker: { engine: 'memory' } }]),
    ...[...external].map(
      ([{ seen, question }, of]): SurveyRow => ({
        ...row,
        resource: `${mapsResource(of)}, of ${seen.link}`,
        taker: { plugin: null, hook: question.hook, claimed: false, asked: [] },
        question,
      }),
    ),
    ...refused,
  ];
}
