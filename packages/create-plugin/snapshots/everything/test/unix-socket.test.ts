import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump, pretendTree, restore } from '@criujs/plugin-testing';
import '@criujs/plugin-testing/vitest';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Service, startService } from '../example/service.ts';
import plugin from '../src/index.ts';

let folder: string;
let service: Service;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'radio-'));
  service = await startService(join(folder, 'example.sock'));
});

afterEach(async () => {
  await service.close();
  rmSync(folder, { recursive: true });
});

test('a connection to a real service is made again', async () => {
  await using tree = await pretendTree({ sockets: [{ peerName: service.path }] });
  const dumped = await dump(tree, [plugin]);
  expect(dumped).toHaveClaimed('DUMP_UNIX_SK', { plugin: plugin.name });
  expect(service.connections()).toBe(0);

  const restored = await restore(dumped, [plugin]);
  expect(restored.error).toBeUndefined();
  expect(restored.descriptors).toMatchObject([{ hook: 'RESTORE_UNIX_SK', plugin: plugin.name }]);
  expect(service.connections()).toBe(1);
});

test('a restore without the service says what to do', async () => {
  await using tree = await pretendTree({ sockets: [{ peerName: service.path }] });
  const dumped = await dump(tree, [plugin]);
  await service.close();
  const restored = await restore(dumped, [plugin]);
  expect(restored).toHaveFailedWith('HOOK_FAILED', 'ENOENT');
  expect(restored.error?.remedy).toContain('Start the service');
  service = await startService(service.path);
});

test('images cannot make it connect to somebody else', async () => {
  await using tree = await pretendTree({ sockets: [{ peerName: service.path, inode: 7 }] });
  const { image } = await dump(tree, [plugin]);
  if (image === undefined) throw new Error('it was not dumped');
  const forged = { [plugin.name]: { 'socket-7': Buffer.from('{"path":"/run/docker.sock"}') } };
  const restored = await restore({ ...image, sections: forged }, [plugin]);
  expect(restored).toHaveFailedWith('HOOK_FAILED', '/run/docker.sock is none of this plugin');
});

test('a connection to somebody else is left to others', async () => {
  await using tree = await pretendTree({ sockets: [{ peerName: '/run/somebody-else' }] });
  expect(await dump(tree, [plugin])).toHaveDeclined('DUMP_UNIX_SK', plugin.name);
});
