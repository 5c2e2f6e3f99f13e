import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { unknownDevice } from '../../../core/test/harness/devices.ts';
import { criujs } from '../../../core/test/harness/engines.ts';
import { compiler, isRoot } from '../../../core/test/harness/machine.ts';
import type { Place } from '../../../core/test/harness/place.ts';
import { cProgram, type Program, shCounter } from '../../../core/test/harness/programs.ts';
import type { KindId } from '../../src/answers.ts';
import type { User } from './user.ts';

/** What the author of a new plugin does with it before its first release, in a project that is installed already. */
export async function checkProject(user: User, project: string): Promise<string> {
  for (const script of ['lint', 'typecheck', 'test', 'build']) await user.run(project, ['npm', 'run', script]);
  expect(await user.run(project, ['git', 'status', '--porcelain'])).toBe('');
  return await pack(user, project);
}

/** The path of what `npm publish` would upload. */
async function pack(user: User, project: string): Promise<string> {
  const packed = `${project}-packed`;
  await user.run(project, ['mkdir', packed]);
  await user.run(project, ['npm', 'pack', '--pack-destination', packed]);
  const files = readdirSync(packed);
  expect(files).toHaveLength(1);
  return join(packed, files[0] ?? '');
}

export interface Packed {
  readonly file: string;
  /** The package's name. */
  readonly name: string;
  readonly handles: readonly KindId[];
}

/**
 * Somebody else installs the packed plugin beside `criujs`, and saves and restores with both a real program that holds
 * a file: a device where the plugin is for those, else a text that it reads and one that it writes.
 */
export async function usePacked(user: User, place: Place, { file, name, handles }: Packed): Promise<void> {
  const folder = user.path(`uses-${name}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'somebody', private: true }));
  await user.run(folder, ['npm', 'install', 'criujs', file]);
  const { plugins } = JSON.parse(await user.run(folder, ['npx', 'criujs', 'plugin', 'list', '--json']));
  expect(plugins).toEqual([expect.objectContaining({ package: name })]);

  const target = await place.start(programFor(handles));
  const images = target.images();
  const how = { bin: join(folder, 'node_modules/criujs/bin/criujs.js'), cwd: folder };
  const more = ['--plugin', name];
  await criujs.dump(target.pid, images, { more }, how);
  target.pid = await criujs.restore(images, { more, newPids: !isRoot }, how);
  place.track(target.pid);
  await target.advance();
  await target.finish();
}

function programFor(handles: readonly KindId[]): Program {
  const device = handles.includes('external-file') && compiler !== null ? unknownDevice : null;
  return device === null ? shCounter : cProgram('external', { DEVICE: device });
}
