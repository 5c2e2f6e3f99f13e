import { EngineError } from '@criujs/engine-kit';
import type { ImageRecordInit } from '@criujs/images';
import { fileTypes } from './file-type.ts';
import { accessOf } from './flags.ts';
import type { FileEntry, FileKind, FilePayload, Holder, OpenFile, Problem, SavedFile, SeenFile, Tree } from './kind.ts';
import { type PipeContent, peekPipe, waitingBytes } from './pipe-content.ts';
import { createPipeStore, type PipeStore } from './pipe-store.ts';
import type { ImageReader } from './side-images.ts';
import { inodeOfLink } from './sockets.ts';

/** Pipes of pipe(2), with what waits in them. Pipes with a name are another kind of file, and not ours yet. */
export const pipe: FileKind = {
  name: 'pipe',
  describe: [
    {
      subject: 'pipes and events',
      taken: ['pipes with what is in them'],
      refused: ['pipes with an end outside of the tree', 'packets that wait in a pipe (`O_DIRECT`)'],
    },
  ],
  type: fileTypes.PIPE,
  madeAnew: true,
  recognise: (file, tree) => {
    if (inodeOfLink(file.link, 'pipe') === null) return null;
    if (tree.isPipeOpenOutside(file)) return outside(file);
    return tree.isPacketPipe(file) && tree.borrow(file, waitingBytes) > 0 ? packets(file) : 'mine';
  },
  dump: dumpPipe,
  save(files, { tree, images }) {
    images.write('PIPES_DATA', contentImage, readPipes(files, tree));
  },
  matches: ({ type }) => type === fileTypes.PIPE,
  common: ({ pipe: own }) => own,
  load({ session, images, untilOpen }) {
    const pipes = createPipeStore(readContents(images), session.warn);
    // A pipe without writers must end, and one without readers break.
    untilOpen(() => pipes.close());
    return { open: (entry) => openPipe(entry, pipes) };
  },
};

/** Where CRIU keeps what waits in pipes. */
const contentImage = 'pipes-data.img';

function outside(file: SeenFile): Problem {
  return {
    file: `pipe ${inodeOfLink(file.link, 'pipe')}`,
    why: 'a process outside of the dumped tree has its other end',
    remedy: 'Dump the tree that holds both ends, or start the program with this descriptor redirected to a file.',
  };
}

function packets(file: SeenFile): Problem {
  return {
    file: `pipe ${inodeOfLink(file.link, 'pipe')}`,
    why: 'packets wait in it (O_DIRECT), and their borders are not kept yet',
    remedy: 'Dump when the program has read them.',
  };
}

function dumpPipe({ id, seen, owner }: OpenFile): FilePayload {
  return { pipe: { id, pipeId: inodeOfLink(seen.link, 'pipe') ?? 0, flags: seen.flags, fown: owner } };
}

function openPipe(entry: FileEntry, pipes: PipeStore): number {
  if (entry.pipe === undefined)
    throw new EngineError('IMAGE_INVALID', `files.img: pipe ${entry.id} says nothing of itself`);
  return pipes.open(entry.pipe.pipeId, entry.pipe.flags);
}

/** What waits in these pipes. The content of a pipe that no process can read is not kept. */
function readPipes(files: readonly SavedFile[], tree: Tree): ImageRecordInit<'PIPES_DATA'>[] {
  const readEnds = new Map<number, Holder>();
  for (const { file, holder } of files) {
    const pipeId = inodeOfLink(file.link, 'pipe');
    if (pipeId === null || holder === null || accessOf(file.flags) === 'write') continue;
    if (!readEnds.has(pipeId)) readEnds.set(pipeId, holder);
  }
  return [...readEnds].map(([pipeId, holder]) => {
    const { size, data } = tree.borrow(holder, (fd) => peekPipe(fd, pipeId));
    return { message: { pipeId, bytes: data.length, size }, data };
  });
}

/** What waited in each pipe, by its id. @throws EngineError IMAGE_INVALID when a pipe is there twice */
function readContents(images: ImageReader): ReadonlyMap<number, PipeContent> {
  const contents = new Map<number, PipeContent>();
  for (const { message, data } of images.read('PIPES_DATA', contentImage)) {
    const { pipeId, size } = message;
    if (contents.has(pipeId)) throw new EngineError('IMAGE_INVALID', `${contentImage}: pipe ${pipeId} is there twice`);
    contents.set(pipeId, { size, data: data ?? new Uint8Array() });
  }
  return contents;
}
