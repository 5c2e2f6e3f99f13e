import { fileType, typeOf } from '@criujs/engine-kit/externals';
import { invalid } from '../rules.ts';
import type { SavedFile } from './dumping.ts';
import { createFifoStore } from './fifo-store.ts';
import { fileTypes } from './file-type.ts';
import { openFlag } from './flags.ts';
import type { FileKind } from './kind.ts';
import type { FileEntry } from './opening.ts';
import { byPipe, type PipeEnd, readContents, writeContents } from './pipe-images.ts';
import { hasPath } from './reachable.ts';
import { commonOfReg, inheritablePath, regOf } from './reg-entry.ts';

/** Ends of named pipes, with what waits in them. The name is in an entry of its own, like that of a regular file. */
export const fifo: FileKind = {
  name: 'named pipe',
  describe: [{ subject: 'pipes and events', taken: ['named pipes, also deleted ones, with what is in them'] }],
  type: fileTypes.FIFO,
  recognise: (file, tree) => {
    if (typeOf(file.stat.mode) !== fileType.fifo || !hasPath(file.link) || file.flags & openFlag.O_PATH) return null;
    return tree.nameProblem(file) ?? 'mine';
  },
  dump(file, { tree, addName }) {
    const regfId = addName(file);
    return typeof regfId === 'number' ? { fifo: { id: file.id, pipeId: tree.fifoId(file.seen), regfId } } : regfId;
  },
  save(files, context) {
    if (files.length > 0) writeContents('fifo', byPipe(endsOf(files)), context);
  },
  matches: ({ type }) => type === fileTypes.FIFO,
  common: ({ named }) => named && commonOfReg(named),
  inheritable: inheritablePath,
  load({ session, entries, images, records, openName, untilOpen }) {
    const store = createFifoStore({
      ends: byPipe(entries.map(endOf)),
      contents: readContents('fifo', images, records),
      hungUp: new Set(records?.pipes?.filter(({ kind, hungUp }) => kind === 'fifo' && hungUp).map((it) => it.pipeId)),
      openName,
      warn: session.warn,
    });
    // Whoever reads sees the end of the last writer, and whoever writes that of the last reader.
    untilOpen(() => store.close());
    return { open: (entry) => store.open(endOf(entry)) };
  },
};

function endsOf(files: readonly SavedFile[]): PipeEnd[] {
  return files.flatMap(({ entry: { fifo: own }, file: { flags }, holder }) =>
    own === undefined || holder === null ? [] : [{ pipeId: own.pipeId ?? 0, holder, flags }],
  );
}

/** @throws EngineError IMAGE_INVALID */
function endOf({ id, fifo: own, named }: FileEntry): { pipeId: number; flags: number; named: FileEntry } {
  if (own === undefined || named === undefined) throw invalid('files.img', `named pipe ${id} has no name`);
  return { pipeId: own.pipeId, flags: regOf(named).flags, named };
}
