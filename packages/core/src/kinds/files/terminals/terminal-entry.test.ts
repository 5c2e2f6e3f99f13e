import { decodeImage, type EntryInit, encodeImage } from '@criujs/images';
import { expect, test } from 'vitest';
import { fileTypes } from '../file-type.ts';
import type { FileEntry, LoadContext } from '../opening.ts';
import { endOfEntry, idOfEnd, idOfOther, readTerminals, terminalTypes } from './terminal-entry.ts';

const fown = { uid: 0, euid: 0, signum: 0, pidType: 0, pid: 0 };
const modes = {
  cIflag: 0,
  cOflag: 0,
  cCflag: 0,
  cLflag: 0,
  cLine: 0,
  cIspeed: 0,
  cOspeed: 0,
  cCc: new Array(19).fill(0),
};

function load(info: Partial<EntryInit<'TTY_INFO'>>, ttyInfoId = 6, hasDescriptor = true) {
  const message = {
    ...{
      id: 6,
      type: terminalTypes.pty,
      locked: false,
      exclusive: false,
      packetMode: false,
      sid: 0,
      pgrp: 0,
      rdev: 34819,
    },
    ...{ termios: modes, pty: { index: 3 }, ...info },
  } as EntryInit<'TTY_INFO'>;
  const tty = { id: 9, ttyInfoId, flags: 2, fown };
  const [file] = decodeImage('FILES', encodeImage('FILES', [{ message: { type: fileTypes.TTY, id: 9, tty } }]));
  const infos = decodeImage('TTY_INFO', encodeImage('TTY_INFO', [{ message }]));
  const images = { read: () => infos } as unknown as LoadContext['images'];
  return readTerminals({ entries: [file?.message as FileEntry], images, hasDescriptor: () => hasDescriptor });
}

test('an end is known by its device', () => {
  expect(load({}).map(endOfEntry)).toEqual([{ role: 'slave', number: 3 }]);
  expect(load({ rdev: 1282 }).map(endOfEntry)).toEqual([{ role: 'master', number: 3 }]);
});

test.each<[string, Parameters<typeof load>, string]>([
  ['no information', [{}, 7], 'IMAGE_INVALID'],
  ['no descriptor', [{}, 6, false], 'IMAGE_INVALID'],
  ['a number that is too large', [{ pty: { index: 2 ** 21 } }], 'IMAGE_INVALID'],
  ['a number where there is none', [{ type: terminalTypes.console }], 'IMAGE_INVALID'],
  ['a session that is too large', [{ sid: 2 ** 31 }], 'IMAGE_INVALID'],
  ['few characters', [{ termios: { ...modes, cCc: [1] } }], 'IMAGE_INVALID'],
  ['a size that is too large', [{ winsize: { wsRow: 2 ** 20, wsCol: 1, wsXpixel: 0, wsYpixel: 0 } }], 'IMAGE_INVALID'],
  ['an unknown type', [{ type: 77 as never }], 'IMAGE_INVALID'],
  ['a serial line', [{ type: terminalTypes.serial }], 'UNSUPPORTED'],
])('a terminal with %s is refused', (_what, given, code) => {
  expect(() => load(...given)).toThrow(expect.objectContaining({ code }));
});

test('no two terminals have one id', () => {
  const ends = Array.from({ length: 5000 }, (_, number) => [
    idOfEnd({ role: 'slave', number }),
    idOfEnd({ role: 'master', number }),
  ]).flat();
  const others = (['console', 'virtual', 'current'] as const).flatMap((type) =>
    Array.from({ length: 70 }, (_, nth) => idOfOther(type, nth)),
  );
  expect(new Set([...ends, ...others]).size).toBe(ends.length + others.length);
});
