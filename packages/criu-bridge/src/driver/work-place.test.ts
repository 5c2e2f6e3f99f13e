import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openWorkPlace, type WorkPlace } from './work-place.ts';

const nobody = 65534;
let folder: string;
let images: string;
let precious: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-work-'));
  images = join(folder, 'images');
  precious = join(folder, 'precious');
  mkdirSync(images, { mode: 0o700 });
  writeFileSync(precious, 'old');
});

afterEach(() => rmSync(folder, { recursive: true }));

function open(more: { shown?: string; wanted?: number } = {}): WorkPlace {
  return openWorkPlace({ images, shown: images, stage: 'restore', logName: 'restore.log', wanted: undefined, ...more });
}

/** As CRIU does it: it follows links. */
function logTo({ directory }: WorkPlace): void {
  writeFileSync(join(directory, 'restore.log'), 'said');
  writeFileSync(join(directory, 'stats-restore'), 'counted');
}

const workOf = ({ workFd }: WorkPlace): string => readlinkSync(`/proc/self/fd/${workFd}`);

test('in a directory of our own CRIU works there, and old files are taken away, links among them', () => {
  writeFileSync(join(images, 'stats-restore'), 'old');
  symlinkSync(precious, join(images, 'restore.log'));
  const place = open();
  expect(workOf(place)).toBe(images);
  expect(readdirSync(images)).toEqual([]);
  logTo(place);
  place.close();
  expect(readdirSync(images).sort()).toEqual(['restore.log', 'stats-restore']);
  expect(readFileSync(precious, 'utf8')).toBe('old');
});

describe.skipIf(process.getuid?.() !== 0)('where others may plant links (needs root)', () => {
  const shared: readonly (readonly [string, () => void])[] = [
    ['another user owns it', () => chownSync(images, nobody, nobody)],
    ['everybody may write it', () => chmodSync(images, 0o1777)],
  ];

  test.each(shared)('%s: no link is followed, whenever it is planted', (_, share) => {
    share();
    symlinkSync(precious, join(images, 'restore.log'));
    const place = open();
    expect(workOf(place)).not.toBe(images);
    symlinkSync(precious, join(images, 'stats-restore'));
    logTo(place);
    expect(readFileSync(place.log, 'utf8')).toBe('said');
    expect(place.logForPeople).toBe(join(images, 'restore.log'));
    const work = workOf(place);
    place.close();
    expect(readFileSync(precious, 'utf8')).toBe('old');
    expect(readFileSync(join(images, 'restore.log'), 'utf8')).toBe('said');
    expect(readFileSync(join(images, 'stats-restore'), 'utf8')).toBe('counted');
    expect(() => readdirSync(work)).toThrow('ENOENT');
  });

  test('the directory that the user names is looked at, too', () => {
    const logs = join(folder, 'logs');
    mkdirSync(logs);
    chmodSync(logs, 0o777);
    symlinkSync(precious, join(logs, 'restore.log'));
    const place = open({ wanted: openSync(logs, 'r') });
    expect(workOf(place)).not.toBe(logs);
    expect(place.logForPeople).toBe(join(logs, 'restore.log'));
    logTo(place);
    place.close();
    expect(readFileSync(precious, 'utf8')).toBe('old');
    expect(readFileSync(join(logs, 'restore.log'), 'utf8')).toBe('said');
  });

  test('so is the one that the images will replace: CRIU writes its statistics after the commit', () => {
    const shown = join(folder, 'shown');
    mkdirSync(shown);
    chownSync(shown, nobody, nobody);
    const place = open({ shown });
    expect(workOf(place)).not.toBe(images);
    place.close();
  });

  test('a directory in the place of the log does no harm', () => {
    chownSync(images, nobody, nobody);
    mkdirSync(join(images, 'restore.log'));
    const place = open();
    logTo(place);
    place.close();
    expect(readFileSync(join(images, 'stats-restore'), 'utf8')).toBe('counted');
  });
});
