import { statSync } from 'node:fs';
import { deviceStat } from '@criujs/engine-kit/externals';
import type { Vma } from '@criujs/linux';
import type { ResourceQuestion } from '@criujs/plugin-host/manifest';
import { nothingBehind } from '../files/mapped.ts';
import type { MapKind, MapProblem } from '../kinds/maps/kind.ts';

/** What plugins are asked about a device that is mapped. @throws Error it cannot be looked at */
export function deviceQuestion(path: string): ResourceQuestion & { readonly hook: 'HANDLE_DEVICE_VMA' } {
  return { hook: 'HANDLE_DEVICE_VMA', args: { stat: deviceStat(statSync(path, { bigint: true })) } };
}

/** The problem that a map is which only plugins could take, and none does. */
export function unclaimedMap({ name }: Vma, { byPlugins }: Pick<MapKind, 'byPlugins'>): MapProblem {
  return byPlugins === 'device' ? { ...nothingBehind, questions: questionsAbout(name) } : nothingBehind;
}

/** It stays a problem where the path leads nowhere. */
function questionsAbout(path: string): readonly ResourceQuestion[] {
  try {
    return [deviceQuestion(path)];
  } catch {
    return [];
  }
}
