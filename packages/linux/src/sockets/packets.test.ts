import { closeSync, fstatSync, mkdtempSync, openSync, readdirSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { arena } from '../arena.ts';
import { closeFd } from '../descriptors/own.ts';
import { readable } from '../descriptors/ready.ts';
import { syscall, trySyscall } from '../syscall.ts';
import { acceptPackets, listenPackets, packetPair, peerCredentials, receivePacket, sendPacket } from './packets.ts';

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

function pair(): readonly [number, number] {
  const { ours, theirs } = packetPair();
  onTestFinished(() => {
    for (const fd of [ours, theirs]) if (trySyscall('fcntl', fd, 1) >= 0) closeFd(fd);
  });
  return [ours, theirs];
}

test.runIf(process.platform === 'linux')('packets keep their borders, and bring descriptors', () => {
  const folder = mkdtempSync(join(tmpdir(), 'criujs-packets-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'file'), 'content');
  const [a, b] = pair();
  const file = openSync(join(folder, 'file'), 'r');
  expect(receivePacket(b, 100)).toEqual({ kind: 'empty' });
  expect(sendPacket(a, Buffer.from('one'), [file, file])).toBe(true);
  expect(sendPacket(a, Buffer.from('two'))).toBe(true);
  closeSync(file);

  const first = receivePacket(b, 100);
  if (first.kind !== 'packet') throw new Error(first.kind);
  expect(first.bytes.toString()).toBe('one');
  expect(first.descriptors).toHaveLength(2);
  const bytes = Buffer.alloc(7);
  expect(readSync(first.descriptors[1]!, bytes)).toBe(7);
  expect(bytes.toString()).toBe('content');
  first.descriptors.forEach(closeSync);
  expect(receivePacket(b, 100)).toMatchObject({ kind: 'packet', bytes: Buffer.from('two'), descriptors: [] });

  closeFd(a);
  expect(receivePacket(b, 100)).toEqual({ kind: 'end' });
  expect(() => sendPacket(b, Buffer.from('three'))).toThrow('EPIPE');
});

test.runIf(process.platform === 'linux')('who can be read is told, and who has ended', () => {
  const [a, b] = pair();
  const [c, d] = pair();
  expect(readable([a, b, c, d])).toEqual([]);
  expect(readable([a, b], 1000)).toEqual([]);
  sendPacket(a, Buffer.from('x'));
  closeFd(c);
  expect(readable([a, b, d], 1000)).toEqual([b, d]);
});

test.runIf(process.platform === 'linux')('what does not fit is refused, and its descriptors are closed', () => {
  const [a, b] = pair();
  const before = openDescriptors();
  sendPacket(a, Buffer.alloc(101), [a]);
  expect(() => receivePacket(b, 100)).toThrow('EMSGSIZE');
  expect(openDescriptors()).toBe(before);
  expect(() => sendPacket(a, Buffer.alloc(1), new Array(254).fill(a))).toThrow(RangeError);
});

test.runIf(process.platform === 'linux')('a full queue is told, not waited for', () => {
  const [a, b] = pair();
  let sent = 0;
  while (sent < 10_000 && sendPacket(a, Buffer.alloc(1000))) sent++;
  expect(sent).toBeGreaterThan(5);
  expect(sent).toBeLessThan(10_000);
  for (let got = 0; got < sent; got++) expect(receivePacket(b, 1000).kind).toBe('packet');
});

test.runIf(process.platform === 'linux')('a listener takes connections, and knows who made them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'criujs-packets-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 's');
  const listener = listenPackets(path);
  onTestFinished(() => closeFd(listener));
  expect(fstatSync(listener).isSocket()).toBe(true);
  expect(acceptPackets(listener)).toBe(null);
  const client = connect(path);
  const server = acceptPackets(listener);
  if (server === null) throw new Error('nobody waits');
  expect(peerCredentials(server)).toMatchObject({ pid: process.pid, uid: process.getuid?.() });
  sendPacket(client, Buffer.from('hello'));
  expect(receivePacket(server, 10)).toMatchObject({ bytes: Buffer.from('hello') });
  closeFd(client);
  closeFd(server);
});

test.runIf(process.platform === 'linux')('a path that no address can hold is named', () => {
  const before = openDescriptors();
  expect(() => listenPackets(`/tmp/${'x'.repeat(120)}`)).toThrow(/bind at \/tmp\/x+: ENAMETOOLONG/);
  expect(() => listenPackets('/nowhere/at/all')).toThrow('ENOENT');
  expect(openDescriptors()).toBe(before);
});

function connect(path: string): number {
  const fd = syscall('socket', 1, 5 | 0o2000000, 0);
  arena.scope(() => {
    const address = arena.alloc(110);
    address.view.setUint16(0, 1, true);
    address.bytes.write(path, 2);
    syscall('connect', fd, address.address, address.length);
  });
  return fd;
}
