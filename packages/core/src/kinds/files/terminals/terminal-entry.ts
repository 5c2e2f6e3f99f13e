import type { EntryOf } from '@criujs/images';
import { deviceNumber } from '@criujs/linux';
import { terminalMajors } from '../../../facts/terminals.ts';
import { among, between, hold, invalid, type Rule, unsupported } from '../../rules.ts';
import type { FileEntry, LoadContext } from '../opening.ts';
import { ownPart } from '../own-part.ts';
import type { PtyEnd } from './terminal-seen.ts';

/** What an image says of one terminal. */
export type TerminalInfo = EntryOf<'TTY_INFO'>;

/** CRIU's types of terminals: of `TtyType` in tty.proto. */
export const terminalTypes = { pty: 1, console: 2, virtual: 3, current: 4, external: 5, serial: 6 } as const;

export const terminalsImage = 'tty-info.img';
export const waitingImage = 'tty-data.img';

/** Ids of CRIU's are even for slaves and odd for masters; from this number on they are of terminals that are no pairs. */
const firstOther = 1000;
const ownIds = 0x1_0000;
const mostNumber = 2 ** 20;

/** The id of an end in the images, as CRIU numbers them. It knows none above a thousand. */
export function idOfEnd({ role, number }: PtyEnd): number {
  return (number <= firstOther ? 0 : ownIds) + number * 2 + (role === 'master' ? 1 : 0);
}

const taken: readonly number[] = [
  terminalTypes.pty,
  terminalTypes.console,
  terminalTypes.virtual,
  terminalTypes.current,
];

/** CRIU's ids of terminals that are no pairs. There is room for some of each, as for several sessions with one. */
const otherIds = { console: 2004, virtual: 2008, current: 2012 } as const;
const otherRoom = 4;
const otherStep = 16;

/** The id of the nth of those of one type: CRIU knows few. */
export function idOfOther(type: keyof typeof otherIds, nth: number): number {
  return nth < otherRoom ? otherIds[type] + nth : ownIds * 2 + nth * otherStep + otherIds[type];
}

/** An open file of a terminal, with what the images say of that. */
export interface TerminalFile {
  readonly entry: FileEntry;
  readonly flags: number;
  readonly info: TerminalInfo;
}

const modes = [
  ['modes', (info: TerminalInfo) => info.termios],
  ['locked modes', (info: TerminalInfo) => info.termiosLocked],
] as const;

const rules: readonly Rule<TerminalInfo>[] = [
  among('the type of a terminal', ({ type }) => type, Object.values(terminalTypes)),
  between('the number of a terminal', ({ pty }) => pty?.index, 0, mostNumber),
  between('the session of a terminal', ({ sid }) => sid, 0, 2 ** 22),
  between('the foreground group of a terminal', ({ pgrp }) => pgrp, 0, 2 ** 31 - 1),
  ...modes.flatMap(([what, of]) => [
    between<TerminalInfo>(`the line discipline in the ${what} of a terminal`, (it) => of(it)?.cLine, 0, 255),
    between<TerminalInfo>(`the number of characters in the ${what} of a terminal`, (it) => of(it)?.cCc.length, 5, 64),
  ]),
  ...(['wsRow', 'wsCol', 'wsXpixel', 'wsYpixel'] as const).map((part) =>
    between<TerminalInfo>(`${part} of a terminal`, ({ winsize }) => winsize?.[part], 0, 0xffff),
  ),
];

/** The open terminals of the images, checked. @throws EngineError IMAGE_INVALID, UNSUPPORTED */
export function readTerminals({
  entries,
  images,
  hasDescriptor,
}: Pick<LoadContext, 'entries' | 'images' | 'hasDescriptor'>): TerminalFile[] {
  if (entries.length === 0) return [];
  const infos = new Map<number, TerminalInfo>();
  for (const { message } of images.read('TTY_INFO', terminalsImage)) {
    if (infos.has(message.id)) throw invalid(terminalsImage, `terminal ${message.id} is there twice`);
    hold(message, terminalsImage, rules);
    infos.set(message.id, message);
  }
  return entries.map((entry) => {
    const { ttyInfoId, flags } = ownPart(entry, 'tty', 'terminal');
    if (!hasDescriptor(entry.id)) throw invalid('files.img', `no process has terminal ${entry.id} open`);
    const info = infos.get(ttyInfoId);
    if (info === undefined)
      throw invalid('files.img', `file ${entry.id} is terminal ${ttyInfoId}, which ${terminalsImage} does not have`);
    if (!taken.includes(info.type))
      throw unsupported(`terminal ${ttyInfoId} of type ${info.type}`, 'Restore it with CRIU.');
    if ((info.type === terminalTypes.pty) !== (info.pty !== undefined))
      throw invalid(terminalsImage, `terminal ${ttyInfoId} has a number, or has none, against its type`);
    return { entry, flags, info };
  });
}

/** Which end of which pseudo terminal an open file is. */
export function endOfEntry({ info }: TerminalFile): PtyEnd {
  const { major } = deviceNumber(BigInt(info.rdev));
  return { role: major === terminalMajors.slaves ? 'slave' : 'master', number: info.pty?.index ?? 0 };
}

/** Whether the other end of a slave had been closed: then nothing else is known of it. */
export function wasHungUp({ info }: TerminalFile): boolean {
  return info.termios === undefined;
}

/** What waited at each end, by its id. */
export function readWaiting({
  entries,
  images,
}: Pick<LoadContext, 'entries' | 'images'>): ReadonlyMap<number, Uint8Array> {
  if (entries.length === 0) return new Map();
  return new Map(images.read('TTY_DATA', waitingImage).map(({ message: { ttyId, data } }) => [ttyId, data]));
}
