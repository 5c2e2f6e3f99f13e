import { arena, closeFd, syscall, trySyscall } from '@criujs/linux';
import { afterEach, expect, test } from 'vitest';
import { attachFilter, readFilter } from './socket-filter.ts';
import { socketFamily } from './sockets.ts';

const onLinux = test.skipIf(process.platform !== 'linux');
/** MSG_DONTWAIT of recv(2). */
const doNotWait = 0x40;
const open: number[] = [];
afterEach(() => open.splice(0).forEach(closeFd));

function pair(): [number, number] {
  const made = arena.scope(() => {
    const { view, address } = arena.alloc(8);
    syscall('socketpair', socketFamily.unix, 2, 0, address);
    return [view.getInt32(0, true), view.getInt32(4, true)] as [number, number];
  });
  open.push(...made);
  return made;
}

/** `ld [0]; jeq #0x41424344, 0, 1; ret #-1; ret #0` as images have it: code, jumps and operand from the highest bit on. */
const filter = [0x0020_0000_0000_0000n, 0x0015_0001_4142_4344n, 0x0006_0000_ffff_ffffn, 0x0006_0000_0000_0000n];

onLinux('a filter is read as it was attached, and lets through what it did', () => {
  const [a, b] = pair();
  expect(readFilter(b)).toEqual([]);
  attachFilter(b, []);
  expect(readFilter(b)).toEqual([]);
  attachFilter(b, filter);
  expect(readFilter(b)).toEqual(filter);
  expect([...arrived(a, b, 'DCBA'), ...arrived(a, b, 'ABCD')]).toEqual(['ABCD']);
});

onLinux('what is no filter is refused by the kernel', () => {
  const [, b] = pair();
  expect(() => attachFilter(b, [0xffff_0000_0000_0000n])).toThrow(/EINVAL/);
});

/** What comes of a datagram: one that a filter drops is no error for who sends it. */
function arrived(from: number, to: number, text: string): string[] {
  return arena.scope(() => {
    const { address, bytes } = arena.alloc(text.length);
    bytes.set(Buffer.from(text));
    syscall('sendto', from, address, text.length, 0, 0, 0);
    bytes.fill(0);
    const length = trySyscall('recvfrom', to, address, text.length, doNotWait, 0, 0);
    return length < 0 ? [] : [Buffer.from(bytes).toString()];
  });
}
