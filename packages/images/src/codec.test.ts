import { expect, test } from 'vitest';
import {
  CoreEntryMarch,
  create,
  decodeImage,
  decodePagemap,
  encodeImage,
  encodePagemap,
  FdinfoEntrySchema,
  FileEntrySchema,
  fileName,
  ImageError,
  isFieldSet,
  kindOfFile,
  pageCount,
  RegFileEntrySchema,
} from './index.ts';

const fown = { uid: 0, euid: 0, signum: 0, pidType: 0, pid: 0 };

function failure(run: () => unknown): ImageError {
  try {
    run();
  } catch (error) {
    if (error instanceof ImageError) return error;
    throw error;
  }
  return expect.fail('nothing was thrown');
}

/** An image of one entry. */
const image = (payload: readonly number[]): Uint8Array =>
  new Uint8Array([...encodeImage('FDINFO', []), payload.length, 0, 0, 0, ...payload]);

test.each([
  [{ type: 1 }, 'required field file_entry.id is missing'],
  [{ type: 1, id: 1, ext: { id: 1 } }, 'required field ext_file_entry.fown is missing'],
  [{ type: 1, id: 1, ext: { id: 1, fown: { ...fown, pid: undefined } } }, 'required field fown_entry.pid is missing'],
  [{ type: 1, id: -1 }, 'file_entry.id: invalid uint32: -1'],
  [{ type: 1, id: 2 ** 32 }, 'file_entry.id: invalid uint32: 4294967296'],
  [{ type: 1, id: 1.5 }, 'file_entry.id: invalid uint32: 1.5'],
  [{ type: 1, id: '1' }, 'file_entry.id is a string, not a number'],
  [{ type: 'REG', id: 1 }, 'file_entry.type is a string, not a number'],
  [{ type: 1, id: 1, efd: { id: 1, flags: 0, fown, counter: 1 } }, 'counter is a number, not a bigint'],
  [
    { type: 1, id: 1, efd: { id: 1, flags: 0, fown, counter: 2n ** 64n } },
    'eventfd_file_entry.counter: invalid uint64',
  ],
  [{ type: 1, id: 1, efd: { id: 1, flags: 0, fown, counter: -1n } }, 'eventfd_file_entry.counter: invalid uint64'],
  [{ type: 1, id: 1, reg: 'path' }, 'file_entry.reg is not a reg_file_entry'],
])('%o cannot be written', (message, why) => {
  const sound = { message: { type: 1, id: 7 } } as const;
  const error = failure(() => encodeImage('FILES', [sound, { message: message as never }], { file: 'files.img' }));
  expect(error).toMatchObject({ code: 'IMAGE_CORRUPT', file: 'files.img', offset: 16 });
  expect(error.message).toContain(why);
});

test('a text that stands for no bytes cannot be written', () => {
  const reg = { id: 1, flags: 0, pos: 0n, fown, name: '/\ud800' };
  expect(failure(() => encodeImage('FILES', [{ message: { type: 1, id: 1, reg } }])).message).toContain(
    'reg_file_entry.name: U+d800',
  );
});

test('data must be as long as the message says, padding may be left out', () => {
  const message = { pipeId: 1, bytes: 3 };
  for (const data of [undefined, new Uint8Array(2), new Uint8Array(4)]) {
    expect(failure(() => encodeImage('PIPES_DATA', [{ message, data }])).message).toContain('declares 3 bytes');
  }
  expect(failure(() => encodeImage('FS', [{ message: { cwdId: 1, rootId: 1 }, data: new Uint8Array(1) }])).code).toBe(
    'IMAGE_CORRUPT',
  );
  const desc = { key: 0, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0, id: 0 };
  const set = (data: Uint8Array): Uint8Array => encodeImage('IPCNS_SEM', [{ message: { desc, nsems: 3 }, data }]);
  expect(set(new Uint8Array(6).fill(1))).toEqual(set(new Uint8Array([1, 1, 1, 1, 1, 1, 0, 0])));
  expect(failure(() => set(new Uint8Array(5).fill(1))).message).toContain('declares 6 bytes');
});

test('a record of the wrong place cannot be written', () => {
  const desc = { key: 0, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0, id: 0 };
  const queue = { message: { desc, qbytes: 1, qnum: 2 } };
  expect(failure(() => encodeImage('IPCNS_MSG', [queue])).message).toContain('2 more records');
  const fd = create(FdinfoEntrySchema);
  expect(failure(() => encodeImage('FS', [{ message: fd as never }])).message).toContain('is a fs_entry');
  expect(failure(() => encodeImage('PAGES', [{ message: {} as never }])).message).toContain('hold no messages');
  const ghost = { message: { uid: 0, gid: 0, mode: 0 }, data: new Uint8Array(1) };
  expect(failure(() => encodeImage('GHOST_FILE', [ghost, ghost])).message).toContain('rest of this GHOST_FILE');
});

test('what was not set stays unset, what was set to the default stays set', () => {
  const [first, second] = decodeImage(
    'FILES',
    encodeImage('FILES', [
      { message: { type: 1, id: 1, reg: { id: 1, flags: 0, pos: 0n, fown, name: '/' } } },
      { message: { type: 1, id: 2, reg: { id: 2, flags: 0, pos: 0n, fown, name: '/', mntId: -1, size: 0n } } },
    ]),
  ).map(({ message }) => message.reg ?? expect.fail('no reg'));
  expect([first?.mntId, second?.mntId]).toEqual([-1, -1]);
  expect(isFieldSet(first as never, RegFileEntrySchema.field.mntId)).toBe(false);
  expect(isFieldSet(second as never, RegFileEntrySchema.field.mntId)).toBe(true);
  expect(isFieldSet(second as never, RegFileEntrySchema.field.size)).toBe(true);
});

test('64-bit values are exact', () => {
  for (const pos of [2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
    const reg = { id: 1, flags: 0, pos, fown, name: '/' };
    const bytes = encodeImage('FILES', [{ message: { type: 1, id: 1, reg } }]);
    expect(decodeImage('FILES', bytes)[0]?.message.reg?.pos).toBe(pos);
  }
});

test('fields and enum values of newer releases are kept, and written where they were', () => {
  // fdinfo_entry: id 1, flags 2, type 3, fd 4; here with type 99 and unknown fields 100, 101, and 6 between.
  const payloads = [
    [0x08, 1, 0x10, 0, 0x18, 99, 0x20, 5],
    [0x08, 1, 0x10, 0, 0x18, 1, 0x20, 5, 0x30, 7, 0xa2, 0x06, 2, 0x61, 0x62, 0xa8, 0x06, 0x80, 0x01],
  ];
  for (const payload of payloads) {
    const bytes = image(payload);
    const records = decodeImage('FDINFO', bytes);
    expect(encodeImage('FDINFO', records)).toEqual(bytes);
  }
  expect(decodeImage('FDINFO', image(payloads[0] ?? []))[0]?.message.type).toBe(99);
  // An unknown field that lies between known ones: 3 of ext_file_entry, which has 1 and 5.
  const owner = [0x08, 0, 0x10, 0, 0x18, 0, 0x20, 0, 0x28, 0];
  const payload = [0x08, 1, 0x18, 9, 0x2a, owner.length, ...owner];
  const bytes = new Uint8Array([...encodeImage('EXT_FILES', []), payload.length, 0, 0, 0, ...payload]);
  expect(encodeImage('EXT_FILES', decodeImage('EXT_FILES', bytes))).toEqual(bytes);
});

test('a field that comes twice counts as last said, a message that comes twice is merged, a packed list is read', () => {
  expect(decodeImage('FDINFO', image([0x08, 1, 0x08, 2, 0x10, 0, 0x18, 1, 0x20, 5]))[0]?.message.id).toBe(2);
  const times = (list: readonly number[]): Uint8Array =>
    new Uint8Array([...encodeImage('TIMENS', []), list.length, 0, 0, 0, ...list]);
  // boottime whole, then its first field again; monotonic once.
  const merged = times([0x12, 4, 0x08, 1, 0x10, 2, 0x0a, 4, 0x08, 3, 0x10, 4, 0x12, 4, 0x08, 9, 0x10, 2]);
  expect(decodeImage('TIMENS', merged)[0]?.message.boottime).toMatchObject({ tvSec: 9n, tvNsec: 2n });
  const tree = [0x08, 1, 0x10, 0, 0x18, 1, 0x20, 1, 0x2a, 3, 1, 0x80, 0x01];
  const bytes = new Uint8Array([...encodeImage('PSTREE', []), tree.length, 0, 0, 0, ...tree]);
  expect(decodeImage('PSTREE', bytes)[0]?.message.threads).toEqual([1, 128]);
});

test('a message of another type in a field cannot be written', () => {
  const message = create(FileEntrySchema, { type: 1, id: 3 });
  message.reg = create(FdinfoEntrySchema) as never;
  expect(failure(() => encodeImage('FILES', [{ message }])).message).toContain(
    'file_entry.reg is not a reg_file_entry',
  );
});

test('messages can be made beforehand', () => {
  const message = create(FileEntrySchema, { type: 1, id: 3 });
  expect(decodeImage('FILES', encodeImage('FILES', [{ message }]))[0]?.message).toEqual(message);
  expect(CoreEntryMarch.X86_64).toBe(1);
});

test('a pagemap has a head and entries; pages are counted with 64 bits where there are so many', () => {
  const bytes = encodePagemap({ pagesId: 3 }, [
    { vaddr: 0x1000n, compatNrPages: 2, flags: 4 },
    { vaddr: 0x7fff00000000n, compatNrPages: 0xffffffff, nrPages: 2n ** 33n },
  ]);
  const { head, entries } = decodePagemap(bytes);
  expect(head.pagesId).toBe(3);
  expect(entries.map(pageCount)).toEqual([2n, 2n ** 33n]);
  expect(encodePagemap(head, entries)).toEqual(bytes);
});

test('file names are made of kinds and ids, and read', () => {
  expect(fileName('CORE', 12)).toBe('core-12.img');
  expect(fileName('FILES')).toBe('files.img');
  expect(fileName('GHOST_FILE', 255)).toBe('ghost-file-ff.img');
  expect(fileName('SHMEM_PAGEMAP', 2n ** 60n)).toBe('pagemap-shmem-1152921504606846976.img');
  expect(fileName('STATS', 'dump')).toBe('stats-dump');
  expect(kindOfFile('core-12.img')).toEqual({ kind: 'CORE', id: '12' });
  expect(kindOfFile('pages-1.img')).toEqual({ kind: 'PAGES', id: '1' });
  expect(kindOfFile('ghost-file-ff.img')).toEqual({ kind: 'GHOST_FILE', id: 'ff' });
  expect(kindOfFile('inventory.img')).toEqual({ kind: 'INVENTORY', id: null });
  for (const name of ['core-.img', 'core-1.img.tmp', 'core-1ximg', '../core-1.img', 'log', '']) {
    expect(kindOfFile(name), name).toBe(null);
  }
});

test.each([
  ['CORE', undefined],
  ['CORE', -1],
  ['CORE', 1.5],
  ['CORE', 'x'],
  ['CORE', '../1'],
  ['STATS', 'a/b'],
  ['FILES', 1],
  ['MEMFD_FILE', undefined],
] as const)('there is no file name for %s and %s', (kind, id) => {
  expect(failure(() => fileName(kind, id)).code).toBe('IMAGE_NAME');
});
