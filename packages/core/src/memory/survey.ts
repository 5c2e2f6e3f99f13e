import type { EngineOptions } from '@criujs/engine-kit';
import type { Vma } from '@criujs/linux';
import type { HookName } from '@criujs/plugin-sdk';
import { createFilesOfMaps, type FindMapped, lookOnce, nothingBehind } from '../files/mapped.ts';
import type { ExternalFile, SurveyRow } from '../files/survey.ts';
import type { HeldFile, SeenFile, SeenProcess } from '../kinds/files/held.ts';
import type { ClaimQuestion } from '../kinds/files/kind.ts';
import { isProblem } from '../kinds/files/problem.ts';
import { recogniseHeld } from '../kinds/files/table.ts';
import type { MapProblem } from '../kinds/maps/kind.ts';
import { recogniseMap } from '../kinds/maps/table.ts';
import { problemOfFlags } from '../kinds/maps/vm-flags.ts';
import { mapResource, mapsResource } from './describe.ts';
import { deviceQuestion, unclaimedMap } from './device-question.ts';

/** What a plan knows beside the maps. */
interface MapSurvey {
  readonly hooks: { serves(hook: HookName): boolean };
  readonly options: EngineOptions<'dump'>;
  /** Every descriptor of the tree. */
  readonly seen: readonly SeenFile[];
}

type DeviceRow = Pick<SurveyRow, 'resource' | 'taker' | 'question' | 'otherwise'>;

/**
 * The rows of a process's memory: one for all that the engine takes, one for each file of a plugin's, and one for each map
 * that nobody takes.
 */
export function surveyMaps(
  { pid, command }: SeenProcess,
  maps: readonly Vma[],
  mapped: FindMapped<ExternalFile>,
  { hooks, options, seen }: MapSurvey,
): SurveyRow[] {
  const taken: Vma[] = [];
  const files = new Set<string>();
  const external = new Map<ExternalFile, Vma[]>();
  /** By path, with the open file that may be behind. */
  const devices = new Map<string, { readonly file: ExternalFile | undefined; readonly maps: readonly Vma[] }>();
  const refused: SurveyRow[] = [];
  const row = { pid, command, subject: 'memory' } as const;
  const refuse = (vma: Vma, { why, remedy, questions }: MapProblem): void => {
    refused.push({ ...row, resource: mapResource(vma), taker: null, why, remedy, ...(questions && { questions }) });
  };

  const fileOfMap = createFilesOfMaps(seen);
  for (const vma of maps) {
    const fileBehind = lookOnce(() => fileOfMap(pid, vma));
    const { kind, problem } = recogniseMap(vma, fileBehind);
    const found = mapped(pid, vma);
    const file = found === null || isProblem(found) ? undefined : found;
    if (kind.byPlugins === 'device' && hooks.serves('HANDLE_DEVICE_VMA')) {
      devices.set(vma.name, { file, maps: [...(devices.get(vma.name)?.maps ?? []), vma] });
    } else if (file !== undefined) external.set(file, [...(external.get(file) ?? []), vma]);
    else if (problem !== null) refuse(vma, problem);
    else if (kind.byPlugins !== undefined)
      refuse(vma, found !== null && isProblem(found) ? found : unclaimedMap(vma, kind));
    else {
      const trouble = problemOfFlags(vma) ?? (kind.hasPath ? troubleWith(fileBehind(), options) : null);
      if (trouble !== null) refuse(vma, trouble);
      else taken.push(vma);
      if (trouble === null && kind.hasPath) files.add(vma.name);
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
    ...[...devices].map(([path, { file, maps }]) => ({ ...row, ...ofDevice(path, maps, file) })),
    ...refused,
  ];
}

/** Why nobody can dump the file that is mapped. */
function troubleWith(file: HeldFile | MapProblem, options: EngineOptions<'dump'>): MapProblem | null {
  if ('why' in file) return file;
  const answer = recogniseHeld(file, options);
  return isProblem(answer) ? answer : null;
}

/** Plugins are asked for the map itself first, as a dump asks them, then for the open file that may be behind. */
function ofDevice(path: string, maps: readonly Vma[], file: ExternalFile | undefined): DeviceRow {
  const resource = `${mapsResource(maps)}, of ${path}`;
  const asked = deviceQuestion(path);
  const question: ClaimQuestion = {
    ...asked,
    unclaimed: (why) => ({
      file: resource,
      why: `${why}, and it does not come from an external file`,
      remedy: nothingBehind.remedy,
      questions: [asked],
    }),
  };
  return {
    resource,
    taker: { plugin: null, hook: question.hook, claimed: false, asked: [] },
    question,
    ...(file === undefined ? {} : { otherwise: file.question }),
  };
}
