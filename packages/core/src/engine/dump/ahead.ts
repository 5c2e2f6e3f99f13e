import type { ReadAhead } from '@criujs/linux';
import type { ProcFiles } from '../../kinds/processes/kind.ts';
import { processKinds } from '../../kinds/processes/table.ts';
import type { FrozenTask } from '../../machinery/freeze/freeze.ts';
import { processPaths } from '../../tasks/paths.ts';

const ofProcess = joined(processKinds.map(({ reads }) => reads));
const ofOthers = joined(processKinds.map(({ readsOfOthers }) => readsOfOthers));

/** What looking at a frozen process reads below /proc. Kinds compare some of it with the engine's own. */
export function aheadOf({ pid, threads }: FrozenTask): ReadAhead {
  const below = (names: readonly string[], folder: string): string[] => names.map((name) => `/proc/${folder}/${name}`);
  const others = threads.filter(({ tid }) => tid !== pid).map(({ tid }) => `${pid}/task/${tid}`);
  return {
    texts: [...below(ofProcess.texts, `${pid}`), ...others.flatMap((folder) => below(ofOthers.texts, folder))],
    links: [
      ...below(processPaths, `${pid}`),
      ...[pid, process.pid].flatMap((one) => below(ofProcess.links, `${one}`)),
      ...others.flatMap((folder) => below(ofOthers.links, folder)),
    ],
  };
}

function joined(files: readonly (ProcFiles | undefined)[]): Required<ProcFiles> {
  return {
    texts: files.flatMap((it) => it?.texts ?? []),
    links: files.flatMap((it) => it?.links ?? []),
  };
}
