import { EngineError } from '../errors.ts';
import { statelessDevice } from './device.ts';
import { epoll } from './epoll.ts';
import { eventfd } from './eventfd.ts';
import { external } from './external.ts';
import { fdTypeName } from './fd-type.ts';
import type { FileEntry, FileKind, Problem, SeenFile, Tree } from './kind.ts';
import { pipe } from './pipe.ts';
import { directory, regularFile } from './regular.ts';
import { externalUnixSocket } from './unix.ts';

/** Every kind of file, in the order in which they are asked. The last one takes what is left, if a plugin can. */
export const fileKinds: readonly FileKind[] = [
  regularFile,
  directory,
  statelessDevice,
  pipe,
  eventfd,
  epoll,
  externalUnixSocket,
  external,
];

/** The first kind that knows a file, and what it says of it. */
export function recognise(file: SeenFile, tree: Tree): FileKind | Problem {
  for (const kind of fileKinds) {
    const answer = kind.recognise(file, tree);
    if (answer === 'mine') return kind;
    if (answer !== null) return answer;
  }
  throw new EngineError('INTERNAL', `no kind of file has an answer for ${file.link}`);
}

/** Whether this is a reason and not what was asked for. */
export function isProblem(answer: object): answer is Problem {
  return 'remedy' in answer;
}

/** The kind that opens a file of the images. @throws EngineError UNSUPPORTED */
export function kindOfEntry(entry: FileEntry): FileKind {
  const kind = fileKinds.find((it) => it.type === entry.type);
  if (kind !== undefined) return kind;
  throw new EngineError(
    'UNSUPPORTED',
    `file ${entry.id} of the images is of kind ${fdTypeName(entry.type)}, which cannot be restored yet`,
    {
      remedy: 'Restore these images with CRIU.',
    },
  );
}
