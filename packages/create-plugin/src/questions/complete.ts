import { resolve } from 'node:path';
import type { Answers, PortedPlugin } from '../answers.ts';
import type { Place } from '../place.ts';
import type { Choices } from './choices.ts';
import { pluginNameOf } from './package-name.ts';

/** All that the project is made from, once every question has its answer. */
export function completeAnswers(
  choices: Choices,
  place: Place,
  ported: PortedPlugin | null,
  author: string | null,
): Answers {
  const { folder, name, device, ...same } = choices;
  return {
    ...same,
    folder: resolve(place.cwd, folder),
    packageName: name,
    pluginName: pluginNameOf(name),
    author,
    year: new Date().getFullYear(),
    ported,
    device: device === '' ? null : device,
  };
}
