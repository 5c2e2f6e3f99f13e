import { decodeRecord, recordCalls } from '@criujs/plugin-host';
import { definePlugin, hook, notSupported } from '@criujs/plugin-sdk';
import { afterAll, expect, test } from 'vitest';
import { dump, pretendTree, replay } from './index.ts';
import './vitest.ts';

const tree = await pretendTree({ files: [{ path: '/dev/kvm' }] });
afterAll(() => tree.close());

const kvm = definePlugin({
  name: 'kvm',
  hooks: [hook('DUMP_EXT_FILE', ({ id }, { log }) => log.info(`file ${id}`))],
});
const shy = definePlugin({ name: 'shy', hooks: [hook('DUMP_EXT_FILE', () => notSupported)] });

test('matchers say what happened', async () => {
  const report = await dump(tree, { plugins: [shy, kvm], dumpOnly: true });
  expect(report).toHaveClaimed('DUMP_EXT_FILE');
  expect(report).toHaveClaimed('DUMP_EXT_FILE', { plugin: 'kvm', resource: '/dev/kvm' });
  expect(report).not.toHaveClaimed('DUMP_EXT_FILE', { plugin: 'shy' });
  expect(report).not.toHaveClaimed('DUMP_UNIX_SK');
  expect(report).toHaveDeclined('DUMP_EXT_FILE', 'shy');
  expect(report).not.toHaveDeclined('DUMP_EXT_FILE', 'kvm');
  expect(report).toHaveCalled('PAUSE_DEVICES', 'DUMP_EXT_FILE', 'DUMP_DEVICES_LATE');
  expect(report).not.toHaveCalled('DUMP_EXT_FILE', 'PAUSE_DEVICES');
  expect(report).toHaveLogged('file 1');
  expect(report).toHaveLogged(/^file \d$/);
  expect(report).not.toHaveLogged('file 2');
  expect(report).toHaveExitedCleanly();
  expect(report).not.toHaveFailedWith('UNSUPPORTED');
  const failed = await dump(tree, [shy]);
  expect(failed).toHaveFailedWith('UNSUPPORTED', '/dev/kvm');
  expect(failed).toHaveExitedCleanly();
});

test('their messages show what was there', async () => {
  const report = await dump(tree, [shy]);
  expect(() => expect(report).toHaveClaimed('DUMP_EXT_FILE', { plugin: 'kvm' })).toThrow(
    /expected a claim: DUMP_EXT_FILE by kvm\nfound:\n {2}the run ended with: no plugin takes .*\/dev\/kvm/,
  );
  expect(() => expect(report).toHaveFailedWith('HOOK_FAILED')).toThrow('the dump to fail with HOOK_FAILED');
  expect(() => expect(report).not.toHaveDeclined('DUMP_EXT_FILE')).toThrow('expected not a plugin to decline');
});

test('a failing exit is no clean one', async () => {
  const rude = definePlugin({ name: 'rude', exit: () => Promise.reject(new Error('no')), hooks: [] });
  const empty = await pretendTree();
  const report = await dump(empty, [rude]);
  await empty.close();
  expect(() => expect(report).toHaveExitedCleanly()).toThrow('plugin rude: exit failed: no');
});

test('a replay with other answers shows them', async () => {
  const lines: string[] = [];
  await dump(tree, { plugins: [kvm], wrapHost: (host) => recordCalls(host, (line) => void lines.push(line)) });
  const record = decodeRecord(lines.join(''));
  expect(await replay(record, [kvm])).toHaveReplayed();
  const other = await replay(record, [shy]);
  expect(() => expect(other).toHaveReplayed()).toThrow(
    'DUMP_EXT_FILE: recorded claimed by kvm: nothing, now claimed by nobody',
  );
});
