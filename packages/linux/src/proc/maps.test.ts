import { expect, test } from 'vitest';
import { parseMaps, parseSmaps } from './maps.ts';

const maps = `55e44e25a000-55e44e289000 r--p 00000000 fe:00 260104                     /usr/bin/bash
7f0000000000-7f0000001000 rw-s 0002f000 103:1f 2154628                    /srv/a b/with\\012newline (deleted)
7f0000001000-7f0000002000 ---p 00000000 00:00 0 
7f0000002000-7f0000003000 rw-s 00000000 00:01 1026                       /memfd:x (deleted)
7ffca8de4000-7ffca8e05000 rw-p 00000000 00:00 0                          [stack]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
`;

test('reads addresses, rights, file and name', () => {
  const [bash, odd, anonymous, memory, stack] = parseMaps(maps);
  expect(bash).toEqual({
    start: 0x55e44e25a000,
    end: 0x55e44e289000,
    read: true,
    write: false,
    execute: false,
    shared: false,
    offset: 0,
    major: 0xfe,
    minor: 0,
    inode: 260104,
    name: '/usr/bin/bash',
    deleted: false,
  });
  expect(odd).toMatchObject({
    write: true,
    shared: true,
    offset: 0x2f000,
    major: 0x103,
    minor: 0x1f,
    name: '/srv/a b/with\nnewline',
    deleted: true,
  });
  expect(anonymous).toMatchObject({ read: false, name: '', deleted: false });
  expect(memory).toMatchObject({ name: '/memfd:x', deleted: true });
  expect(stack).toMatchObject({ name: '[stack]' });
});

test.each(['/srv/back\\slash', '/srv/oct\\040al', '/srv/real (deleted) name'])('reads the name %s as it is', (name) => {
  expect(parseMaps(`7f0000000000-7f0000001000 r--p 00000000 103:1f 21 ${name}\n`)).toMatchObject([
    { name, deleted: false },
  ]);
});

test('the address of [vsyscall] is exact, though beyond 2^53', () => {
  const vsyscall = parseMaps(maps).at(-1);
  expect(vsyscall).toMatchObject({ read: false, execute: true, name: '[vsyscall]' });
  expect(BigInt(vsyscall?.start ?? 0)).toBe(0xffffffffff600000n);
  expect(BigInt(vsyscall?.end ?? 0)).toBe(0xffffffffff601000n);
});

test('smaps has the same maps and their flags', () => {
  const text = maps
    .split('\n')
    .filter(Boolean)
    .map(
      (line) => `${line}\nSize:                  4 kB\nPss_Dirty:             0 kB\nVmFlags: rd wr mr mw me gd ac \n`,
    )
    .join('');
  const found = parseSmaps(text);
  expect(found.map(({ vmFlags, ...vma }) => vma)).toEqual(parseMaps(maps));
  expect([...(found[0]?.vmFlags ?? [])]).toEqual(['rd', 'wr', 'mr', 'mw', 'me', 'gd', 'ac']);
});

test('smaps has protection keys where the processor has them', () => {
  const text = `${maps.split('\n')[0]}\nVmFlags: rd mr mw me \nProtectionKey:         3\n`;
  expect(parseSmaps(text)).toMatchObject([{ protectionKey: 3, vmFlags: new Set(['rd', 'mr', 'mw', 'me']) }]);
});

test('no maps are no maps, and another text is refused', () => {
  expect(parseMaps('')).toEqual([]);
  expect(() => parseMaps('nonsense\n')).toThrowError('not a line of /proc/PID/maps: "nonsense"');
});

test('a name may hold whatever other line breaks there are', () => {
  for (const name of ['/tmp/a\rb', '/tmp/a\u2028b', '/tmp/a\u2029'])
    expect(parseMaps(`7f0000000000-7f0000001000 r--p 00000000 103:1f 21 ${name}\n`)).toMatchObject([{ name }]);
});

test('names in smaps are in UTF-8', () => {
  const text = '7f0000000000-7f0000001000 r--p 00000000 103:1f 21 /tmp/grüße-日本\nVmFlags: rd \n';
  expect(parseSmaps(text)).toMatchObject([{ name: '/tmp/grüße-日本', vmFlags: new Set(['rd']) }]);
});
