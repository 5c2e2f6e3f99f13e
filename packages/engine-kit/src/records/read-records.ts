import type { RunImages } from '../images/run-images.ts';
import { decodeRecords, type Records, recordsName } from './records.ts';

/** All of `criujs.json`; null: the images are CRIU's own. @throws EngineError IMAGE_INVALID, IMAGES_VERSION */
export async function readRecords(images: Pick<RunImages, 'read'>): Promise<Records | null> {
  const bytes = await images.read(recordsName);
  return bytes === null ? null : decodeRecords(bytes);
}
