import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Target } from '../../../../packages/core/test/harness/target.ts';
import type { Run, Scene } from '../scene.ts';

/** Restores from a copy of images that lacks what a process is made from. */
export async function damagedImages(scene: Scene, target: Target, images: string): Promise<Run> {
  const copy = scene.place.fresh('damaged');
  cpSync(images, copy, { recursive: true });
  rmSync(join(copy, `mm-${target.pid}.img`));
  return scene.restore(target, copy);
}
