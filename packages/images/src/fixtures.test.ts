import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeImage, decodePagemap, encodeImage, FdTypes, kindOfFile, pageCount } from './index.ts';

const folder = new URL('../fixtures/', import.meta.url);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
  /(\.img|stats-\w+)$/.test(file),
);
const read = (file: string): Uint8Array => readFileSync(new URL(file, folder));

test('there are images of many kinds', () => {
  const kinds = new Set(files.map((file) => kindOfFile(file.replace(/^.*\//, ''))?.kind));
  expect(kinds.has(undefined)).toBe(false);
  expect(kinds.size).toBeGreaterThanOrEqual(35);
});

test.each(files)('%s decodes, knows all its fields, and is encoded to the same bytes', (file) => {
  const { kind } = kindOfFile(file.replace(/^.*\//, '')) ?? expect.fail(`${file} is no image`);
  const bytes = read(file);
  const records = decodeImage(kind, bytes, { file });
  expect(JSON.stringify(records, (_, value) => (typeof value === 'bigint' ? `${value}` : value))).not.toContain(
    '$unknown',
  );
  expect(Buffer.from(encodeImage(kind, records as never)).equals(bytes)).toBe(true);
});

test('what the program held is in its images', () => {
  const open = decodeImage('FILES', read('everything/files.img')).map(({ message }) => message);
  const types = new Set(open.map(({ type }) => type));
  const { REG, PIPE, FIFO, UNIXSK, EVENTFD, EVENTPOLL, INOTIFY, SIGNALFD, TTY, TIMERFD, MEMFD } = FdTypes;
  expect([...types].sort((a, b) => a - b)).toEqual(
    [REG, PIPE, FIFO, UNIXSK, EVENTFD, EVENTPOLL, INOTIFY, SIGNALFD, TTY, TIMERFD, MEMFD].sort((a, b) => a - b),
  );
  expect(open.find(({ efd }) => efd)?.efd?.counter).toBe(7n);
  expect(open.find(({ reg }) => reg?.name.endsWith('/plain'))?.reg?.pos).toBe(4n);
  // Bytes that are no UTF-8 are not lost.
  expect(open.some(({ reg }) => reg?.name.endsWith('/no-utf8-\udcff\udcc3'))).toBe(true);

  const [pipe] = decodeImage('PIPES_DATA', read('everything/pipes-data.img'));
  expect(Buffer.from(pipe?.data ?? []).toString()).toBe('in the pipe');
  const [ghost] = decodeImage('GHOST_FILE', read('everything/ghost-file-1.img'));
  expect(Buffer.from(ghost?.data ?? []).toString()).toBe('nobody finds me');
  const packets = decodeImage('SK_QUEUES', read('everything/sk-queues.img'));
  expect(packets.map(({ data }) => Buffer.from(data ?? []).toString())).toEqual([
    'a packet',
    'a packet with a descriptor',
  ]);

  const queue = files.find((file) => file.includes('ipcns-msg')) ?? '';
  const messages = decodeImage('IPCNS_MSG', read(queue)).filter(({ message }) => message.$typeName === 'ipc_msg');
  expect(
    messages.map(({ data }) =>
      Buffer.from(data ?? [])
        .toString()
        .replaceAll('\0', ''),
    ),
  ).toEqual(['first', 'the second message']);
});

test('a pagemap counts the pages that its maps have', () => {
  const { head, entries } = decodePagemap(read('counter/pagemap-1.img'));
  expect(head.pagesId).toBe(1);
  expect(entries.length).toBeGreaterThan(5);
  expect(entries.every((entry) => pageCount(entry) > 0n && entry.vaddr % 4096n === 0n)).toBe(true);
});
