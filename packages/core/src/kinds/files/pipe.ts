import type { FilePayload, OpenFile, SavedFile } from './dumping.ts';
import { isExternalPipe } from './external-keys.ts';
import { fileTypes } from './file-type.ts';
import type { Problem } from './held.ts';
import { openThrough, pipeProblem } from './inherited-pipe.ts';
import type { FileKind } from './kind.ts';
import type { FileEntry } from './opening.ts';
import { ownPart } from './own-part.ts';
import { waitingBytes } from './pipe-content.ts';
import { byPipe, type PipeEnd, readContents, writeContents } from './pipe-images.ts';
import { createPipeStore } from './pipe-store.ts';
import { inodeOfLink } from './sockets.ts';

/** Pipes of pipe(2), with what waits in them. Pipes with a name are another kind of file: see `fifo.ts`. */
export const pipe: FileKind = {
  name: 'pipe',
  describe: [
    {
      subject: 'pipes and events',
      taken: [
        'pipes with what is in them, also in packets (`O_DIRECT`)',
        'pipes with an end outside of the tree (`--external`, `--inherit-fd`)',
      ],
    },
  ],
  type: fileTypes.PIPE,
  madeAnew: true,
  recognise: (file, tree) => {
    const inode = inodeOfLink(file.link, 'pipe');
    if (inode === null) return null;
    return !isExternalPipe(inode, tree.options) && tree.isPipeOpenOutside(file) ? outside(inode) : 'mine';
  },
  dump: dumpPipe,
  save(files, context) {
    writeContents('pipe', byPipe(endsOf(files)), context);
  },
  matches: ({ type }) => type === fileTypes.PIPE,
  common: ({ pipe: own }) => own,
  inheritable: {
    name: (entry) => nameOf(endOf(entry).pipeId),
    problem: (entries, fd) =>
      pipeProblem(
        entries.map((entry) => endOf(entry).flags),
        fd,
      ),
  },
  load({ session, images, records, untilOpen }) {
    const contents = readContents('pipe', images, records);
    const pipes = createPipeStore(contents, session.warn);
    const warned = new Set<number>();
    // A pipe without writers must end, and one without readers break.
    untilOpen(() => pipes.close());
    return {
      open(entry) {
        const { pipeId, flags } = endOf(entry);
        return pipes.open(pipeId, flags);
      },
      openThrough(entry, fd) {
        const { pipeId, flags } = endOf(entry);
        const waited = contents.get(pipeId)?.data.length ?? 0;
        if (waited > waitingBytes(fd) && !warned.has(pipeId))
          session.warn(`${nameOf(pipeId)}: the ${waited} bytes that waited in it are not put into descriptor ${fd}`);
        warned.add(pipeId);
        return openThrough(fd, flags, nameOf(pipeId));
      },
    };
  },
};

function outside(inode: number): Problem {
  return {
    file: `pipe ${inode}`,
    why: 'a process outside of the dumped tree has its other end',
    remedy: `Leave it to whoever restores: --external 'pipe[${inode}]' (option \`external\`), and give a descriptor with --inherit-fd 'fd[N]:pipe:[${inode}]' then; or dump the tree that holds both ends.`,
  };
}

function dumpPipe({ id, seen, owner }: OpenFile): FilePayload {
  return { pipe: { id, pipeId: inodeOfLink(seen.link, 'pipe') ?? 0, flags: seen.flags, fown: owner } };
}

function endOf(entry: FileEntry): NonNullable<FileEntry['pipe']> {
  return ownPart(entry, 'pipe', 'pipe');
}

/** As the kernel and CRIU call it. */
function nameOf(pipeId: number): string {
  return `pipe:[${pipeId}]`;
}

function endsOf(files: readonly SavedFile[]): PipeEnd[] {
  return files.flatMap(({ entry: { pipe: own }, file: { flags }, holder }) =>
    own === undefined || holder === null ? [] : [{ pipeId: own.pipeId ?? 0, holder, flags }],
  );
}
