import { expect, test } from 'vitest';
import {
  addressOfSockaddr,
  addressOfWords,
  addressText,
  hostText,
  isAny,
  needsScope,
  sockaddrOf,
  wordsOf,
} from './address.ts';

const four = { family: 2, bytes: Uint8Array.from([127, 0, 0, 1]), port: 8080, scope: 0, flow: 0 } as const;
const six = (text: string) => {
  const bytes = Buffer.alloc(16);
  text.split(':').forEach((group, at) => {
    bytes.writeUInt16BE(Number.parseInt(group, 16), at * 2);
  });
  return { family: 10, bytes: Uint8Array.from(bytes), port: 53, scope: 2, flow: 0x100 } as const;
};

test('a sockaddr is read as it was written, of both families', () => {
  for (const address of [four, six('fe80:0:0:0:0:0:0:7')])
    expect(addressOfSockaddr(sockaddrOf(address))).toEqual(address);
  expect(sockaddrOf(four).toString('hex')).toBe(`02001f907f000001${'0'.repeat(16)}`);
});

test('what is no sockaddr is none', () => {
  for (const hex of ['', '02', '0200', '0100'.padEnd(56, '0'), '0a00'.padEnd(40, '0')])
    expect(addressOfSockaddr(Buffer.from(hex, 'hex'))).toBeNull();
});

test('numbers of images are the bytes as this machine reads them', () => {
  expect(wordsOf(four)).toEqual([0x0100007f]);
  expect(addressOfWords(2, [0x0100007f], 8080)).toEqual(four);
  const address = six('2001:db8:0:0:0:0:0:1');
  expect(addressOfWords(10, wordsOf(address), 53)).toEqual({ ...address, scope: 0, flow: 0 });
  // Old images have four numbers for any, and damaged ones too few.
  expect(addressOfWords(2, [1, 2, 3, 4], 1).bytes).toHaveLength(4);
  expect(addressOfWords(10, [], 1).bytes).toHaveLength(16);
});

test.each([
  ['0:0:0:0:0:0:0:0', '::'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['fe80:0:0:0:0:0:0:7', 'fe80::7'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['1:0:0:0:0:0:0:0', '1::'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
  ['0:0:0:0:0:ffff:7f00:1', '::ffff:127.0.0.1'],
  ['10:0:0:20:0:0:0:1', '10:0:0:20::1'],
])('%s is written %s', (long, short) => {
  expect(hostText(six(long))).toBe(short);
});

test('an address in words has its port, and brackets where it needs them', () => {
  expect(addressText(four)).toBe('127.0.0.1:8080');
  expect(addressText(six('0:0:0:0:0:0:0:1'))).toBe('[::1]:53');
});

test('only addresses of a link or a node need a device', () => {
  expect(
    ['fe80:0:0:0:0:0:0:1', 'febf:0:0:0:0:0:0:1', 'ff02:0:0:0:0:0:0:1', 'ff11:0:0:0:0:0:0:1'].map(six).every(needsScope),
  ).toBe(true);
  expect(['fec0:0:0:0:0:0:0:1', 'ff05:0:0:0:0:0:0:1', '2001:db8:0:0:0:0:0:1'].map(six).some(needsScope)).toBe(false);
  expect(needsScope(four)).toBe(false);
  expect([isAny(four), isAny({ bytes: new Uint8Array(16) })]).toEqual([false, true]);
});
