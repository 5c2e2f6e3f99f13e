import { expect, test } from 'vitest';
import { parseRawSockets } from './raw-list.ts';

const head =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n';

test('reads raw sockets with where they lead, and leaves out what is no line of one', () => {
  const four =
    ' 253: 9E7E657F:00FD 9E7E647F:0000 01 00000000:00000000 00:00000000 00000000     0        0 31337 2 0 0\n';
  expect(parseRawSockets(`${head}${four}  1: 00000000:0001 nonsense\n`, 2)).toEqual([
    { inode: 31337, state: 1, destination: Uint8Array.from([0x7f, 0x64, 0x7e, 0x9e]), destinationPort: 0 },
  ]);
  const six = `  58: ${'0'.repeat(32)}:003A 00000000000000000000000001000000:0007 07 0:0 00:0 0 0 0 42 2 0 0\n`;
  expect(parseRawSockets(head + six, 10)).toEqual([
    { inode: 42, state: 7, destination: Uint8Array.from([...Array(15).fill(0), 1]), destinationPort: 7 },
  ]);
  expect(parseRawSockets(head, 2)).toEqual([]);
});
