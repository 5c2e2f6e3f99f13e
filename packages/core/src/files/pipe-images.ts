import { decodeImage } from '@criujs/images';
import { EngineError } from '../errors.ts';
import type { SessionStore } from '../run/session.ts';
import type { PipeContent } from './pipe-content.ts';

/** What waited in each pipe, by its id. @throws EngineError IMAGE_INVALID when a pipe is there twice */
export function readPipeContents(store: SessionStore): ReadonlyMap<number, PipeContent> {
  const image = 'pipes-data.img';
  const contents = new Map<number, PipeContent>();
  if (!store.exists(image)) return contents;
  for (const { message, data } of decodeImage('PIPES_DATA', store.read(image), { file: image })) {
    const { pipeId, size } = message;
    if (contents.has(pipeId)) throw new EngineError('IMAGE_INVALID', `${image}: pipe ${pipeId} is there twice`);
    contents.set(pipeId, { size, data: data ?? new Uint8Array() });
  }
  return contents;
}
