import {
  type ClaimArgs,
  type FileKind,
  type HookName,
  hookTable,
  type ManifestResources,
  socketInode,
} from '@criujs/plugin-sdk';
import { expect, test } from 'vitest';
import type { Drivers } from './drivers.ts';
import { type ResourceQuestion, takes } from './takes.ts';

const drivers: Drivers = {
  named: (kind, major) => (kind === 'character' && major === 240 ? ['radio'] : []),
  misc: (minor) => (minor === 232 ? 'kvm' : undefined),
};

const every = Object.keys(hookTable) as HookName[];
const isTaken = (
  resources: ManifestResources,
  question: ResourceQuestion,
  hooks: readonly HookName[] = every,
): boolean => takes({ plugin: 'radio', apiVersion: 1, hooks, resources }, question, drivers);

function openFile(
  path: string | null,
  kind: FileKind = 'anonymous',
  number?: readonly [number, number],
): ResourceQuestion {
  const rdev = number === undefined ? null : { major: number[0], minor: number[1] };
  const file = { path, kind, rdev, inode: 1, flags: 0, position: 0, owner: null, holders: [] };
  return { hook: 'DUMP_EXT_FILE', args: { file } };
}

function mapped(mode: number, [major, minor]: readonly [number, number]): ResourceQuestion {
  const stat = { mode, device: { major: 0, minor: 5 }, inode: 7, rdev: { major, minor } };
  return { hook: 'HANDLE_DEVICE_VMA', args: { stat } };
}

function socket(name: string | null, peerName: string | null): ResourceQuestion {
  const about: ClaimArgs<'DUMP_UNIX_SK'>['socket'] = {
    type: 'stream',
    name,
    peerName,
    state: 'connected',
    flags: 2,
    holders: [],
  };
  return { hook: 'DUMP_UNIX_SK', args: { inode: socketInode(9), socket: about } };
}

const radio = openFile('/dev/radio0', 'character', [240, 3]);

test.each<[string, ManifestResources, boolean]>([
  ['its path', { devices: [{ path: '/dev/radio*' }] }, true],
  ['another path', { devices: [{ path: '/dev/tape*' }] }, false],
  ['its major, with any path', { devices: [{ path: '/dev/tape', major: 240 }] }, true],
  ['another major, with its path', { devices: [{ path: '/dev/radio*', major: 241 }] }, false],
  ['both its numbers', { devices: [{ path: '/dev/x', major: 240, minor: 3 }] }, true],
  ['another minor', { devices: [{ path: '/dev/radio*', major: 240, minor: 4 }] }, false],
  ['a range with its minor', { devices: [{ path: '/dev/x', major: 240, minor: { from: 3, to: 3 } }] }, true],
  ['a range without it', { devices: [{ path: '/dev/x', major: 240, minor: { from: 4, to: 9 } }] }, false],
  ['its driver', { devices: [{ path: '/dev/x', driver: 'radio' }] }, true],
  ['another driver', { devices: [{ path: '/dev/radio*', driver: 'tape' }] }, false],
  ['its driver, as a block device', { devices: [{ path: '/dev/radio*', kind: 'block', driver: 'radio' }] }, false],
  ['its path among the files', { files: ['/dev/radio?', '/dev/radio*'] }, true],
  ['one of several', { devices: [{ path: '/dev/tape' }, { path: '/dev/radio0' }] }, true],
  ['nothing', {}, false],
])('an open device is taken by %s: %j', (_, resources, expected) => {
  expect(isTaken(resources, radio)).toBe(expected);
});

test('a driver behind a minor of the major for small drivers is found by its name', () => {
  const kvm: ManifestResources = { devices: [{ path: '/dev/kvm', driver: 'kvm' }] };
  expect(isTaken(kvm, openFile('/dev/kvm', 'character', [10, 232]))).toBe(true);
  expect(isTaken(kvm, openFile('/dev/kvm', 'character', [10, 229]))).toBe(false);
  expect(isTaken(kvm, openFile('/dev/kvm', 'block', [10, 232]))).toBe(false);
});

test('a mapped device is known by its numbers alone', () => {
  const character = 0o020600;
  const block = 0o060600;
  const numbered: ManifestResources = { devices: [{ path: '/dev/radio*', major: 240 }] };
  expect(isTaken(numbered, mapped(character, [240, 0]))).toBe(true);
  expect(isTaken(numbered, mapped(block, [240, 0]))).toBe(false);
  expect(isTaken({ devices: [{ path: '/dev/radio*', kind: 'block', major: 240 }] }, mapped(block, [240, 0]))).toBe(
    true,
  );
  expect(isTaken({ devices: [{ path: '/dev/radio*' }] }, mapped(character, [240, 0]))).toBe(false);
});

test('files that are no devices are taken by what their link says', () => {
  expect(isTaken({ files: ['anon_inode:[radio]'] }, openFile('anon_inode:[radio]'))).toBe(true);
  expect(isTaken({ files: ['anon_inode:[radio]'] }, openFile('anon_inode:[tape]'))).toBe(false);
  expect(isTaken({ files: ['**'] }, openFile(null))).toBe(false);
  expect(isTaken({ devices: [{ path: '/opt/radio' }] }, openFile('/opt/radio', 'regular'))).toBe(false);
});

test('sockets are taken by the name of either end', () => {
  expect(isTaken({ sockets: ['/run/radio.sock'] }, socket(null, '/run/radio.sock'))).toBe(true);
  expect(isTaken({ sockets: ['/run/radio.sock'] }, socket('/run/radio.sock', null))).toBe(true);
  expect(isTaken({ sockets: ['@radio-*'] }, socket(null, '\0radio-1'))).toBe(true);
  expect(isTaken({ sockets: ['/radio-*', 'radio-*'] }, socket(null, '\0radio-1'))).toBe(false);
  expect(isTaken({ sockets: ['**'] }, socket(null, null))).toBe(false);
});

test('mounts by their mount point, links by their kind', () => {
  const mount: ResourceQuestion = { hook: 'DUMP_EXT_MOUNT', args: { mountpoint: '/mnt/radio' } };
  expect(isTaken({ mounts: ['/mnt/*'] }, mount)).toBe(true);
  expect(isTaken({ mounts: ['/media/*'] }, mount)).toBe(false);
  const link: ResourceQuestion = { hook: 'DUMP_EXT_LINK', args: { index: 3, type: 1, kind: 'wireguard' } };
  expect(isTaken({ links: ['wireguard'] }, link)).toBe(true);
  expect(isTaken({ links: ['veth'] }, link)).toBe(false);
});

test('what a plugin has no hook for it does not take', () => {
  const resources: ManifestResources = { devices: [{ path: '/dev/radio*', major: 240 }] };
  expect(isTaken(resources, radio, ['HANDLE_DEVICE_VMA'])).toBe(false);
  expect(isTaken(resources, radio, ['DUMP_EXT_FILE'])).toBe(true);
});
