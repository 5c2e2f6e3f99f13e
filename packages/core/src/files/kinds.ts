import { EngineError } from '../errors.ts';
import { statelessDevice } from './device.ts';
import { epoll } from './epoll.ts';
import { eventfd } from './eventfd.ts';
import { external } from './external.ts';
import type { FileKind, Problem, SeenFile, Tree } from './kind.ts';
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
