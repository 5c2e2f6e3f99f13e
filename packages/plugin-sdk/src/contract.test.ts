import { expect, test } from 'vitest';
import {
  fileId,
  hookTable,
  isClaimable,
  isHookName,
  mountId,
  notSupported,
  PluginError,
  pid,
  retryLater,
  socketInode,
} from './index.ts';

test('the hooks have the numbers 0 to 14 in the order of the table', () => {
  expect(Object.values(hookTable).map((it) => it.number)).toEqual([...Array(15).keys()]);
});

test('the hooks of the accelerators and the late ones are observers, all others are handlers', () => {
  for (const { number, kind } of Object.values(hookTable)) expect(kind).toBe(number < 9 ? 'handler' : 'observer');
});

test('only the names of hooks are names of hooks', () => {
  expect(isHookName('DUMP_EXT_FILE')).toBe(true);
  for (const name of ['dump_ext_file', 'constructor', '__proto__', 3, null]) expect(isHookName(name)).toBe(false);
});

test('the hooks that save something can be claimed', () => {
  expect(Object.keys(hookTable).filter((it) => isHookName(it) && isClaimable(it))).toEqual([
    'DUMP_UNIX_SK',
    'DUMP_EXT_FILE',
    'DUMP_EXT_MOUNT',
    'DUMP_EXT_LINK',
    'HANDLE_DEVICE_VMA',
  ]);
});

test('ids let integers in their range through, and nothing else', () => {
  expect(fileId(0)).toBe(0);
  expect(socketInode(0xffff_ffff)).toBe(0xffff_ffff);
  expect(mountId(21)).toBe(21);
  expect(pid(1)).toBe(1);
  for (const make of [fileId, socketInode, mountId, pid]) {
    for (const bad of [-1, 1.5, Number.NaN, 2 ** 32, '1' as unknown as number])
      expect(() => make(bad)).toThrow(RangeError);
  }
  expect(() => pid(0)).toThrow('0 is not a pid: it must be an integer from 1 to 4194304');
});

test('the sentinels differ, and are found under their names', () => {
  expect(notSupported).not.toBe(retryLater);
  expect(Symbol.for('@criujs/not-supported')).toBe(notSupported);
  expect(Symbol.for('@criujs/retry-later')).toBe(retryLater);
});

test('a PluginError carries errno, remedy, code and cause', () => {
  const cause = new Error('below');
  const error = new PluginError('no device', { code: 'KVM_GONE', errno: 'ENODEV', remedy: 'Load kvm.', cause });
  expect(error).toMatchObject({ name: 'PluginError', code: 'KVM_GONE', errno: 'ENODEV', remedy: 'Load kvm.', cause });
  expect(new PluginError('no device').code).toBe('PLUGIN_ERROR');
  expect(Object.keys(new PluginError('no device'))).not.toContain('remedy');
});
