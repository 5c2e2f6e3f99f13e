import { EngineError } from '@criujs/engine-kit';
import type { ImageRecordInit } from '@criujs/images';
import type { DumpContext, FilePayload, OpenFile, SaveContext, SavedFile } from '../dumping.ts';
import { fileTypes } from '../file-type.ts';
import type { Problem, SeenFile } from '../held.ts';
import type { FileKind } from '../kind.ts';
import type { FileEntry, LoadContext, Opener } from '../opening.ts';
import { nameOf } from '../reachable.ts';
import { currentTerminal } from './current-terminal.ts';
import { deviceTerminal } from './device-terminal.ts';
import { ptyDriver } from './pty.ts';
import type { TerminalDriver, TerminalInit } from './terminal-driver.ts';
import { readTerminals, terminalsImage, waitingImage } from './terminal-entry.ts';
import { isHungUp } from './terminal-modes.ts';

/** Every sort of terminal, in the order in which they are asked. */
const drivers: readonly TerminalDriver[] = [ptyDriver, currentTerminal, deviceTerminal];

/** Terminals: pseudo terminals, `/dev/tty`, consoles. */
export const terminal: FileKind = {
  name: 'terminal',
  describe: [
    {
      subject: 'files',
      taken: [
        'pseudo terminals whose both ends are in the tree (numbers, modes, sizes, packet mode, owners, what waits in them), also where one end is closed',
        'the terminal of a shell (`--shell-job`)',
        '`/dev/tty`, consoles and virtual terminals',
        'sessions with their terminals and foreground groups',
      ],
      refused: ['terminals whose output is stopped (`^S`)', 'serial lines'],
    },
  ],
  type: fileTypes.TTY,
  recognise(file, tree) {
    for (const driver of drivers) {
      const answer = driver.recognise(file, tree);
      if (answer !== null) return answer;
    }
    return null;
  },
  dump,
  save,
  matches: ({ type }) => type === fileTypes.TTY,
  common: ({ tty }) => tty,
  load,
};

/** A terminal in the hands of its driver. */
function driverOf(file: SeenFile, tree: DumpContext['tree']): TerminalDriver {
  const driver = drivers.find((it) => it.recognise(file, tree) === 'mine');
  if (driver === undefined) throw new EngineError('INTERNAL', `no driver of terminals takes ${file.link}`);
  return driver;
}

function dump(file: OpenFile, { tree, addPlainName }: DumpContext): FilePayload | Problem {
  const { id, seen, owner, fd } = file;
  const driver = driverOf(seen, tree);
  const problem = isHungUp(fd) ? null : driver.problem(fd, seen, tree);
  if (problem !== null) return problem;
  const regfId = addPlainName(file, nameOf(seen.link));
  return { tty: { id, ttyInfoId: driver.idOf(seen, tree), flags: seen.flags, fown: owner, regfId } };
}

/** One entry for each terminal, however many open files it has. */
function save(files: readonly SavedFile[], { tree, images, records }: SaveContext): void {
  const infos = new Map<number, TerminalInit>();
  const waiting: ImageRecordInit<'TTY_DATA'>[] = [];
  for (const { entry, holder } of files) {
    const seen = tree.all.find((it) => it.pid === holder?.pid && it.fd === holder.fd);
    const id = entry.tty?.ttyInfoId;
    if (seen === undefined || id === undefined || infos.has(id)) continue;
    const driver = driverOf(seen, tree);
    infos.set(id, driver.info(seen, tree));
    const record = driver.record?.(seen, tree) ?? null;
    if (record !== null) records.terminals.push(record);
    const data = driver.waiting?.(seen, tree) ?? new Uint8Array();
    if (data.length > 0) waiting.push({ message: { ttyId: id, data } });
  }
  if (infos.size === 0) return;
  const messages = [...infos.values()].map((message) => ({ message }));
  images.write('TTY_INFO', terminalsImage, messages);
  if (waiting.length > 0) images.write('TTY_DATA', waitingImage, waiting);
}

function load(context: LoadContext): Opener {
  const files = readTerminals(context);
  const openers = new Map(
    drivers.map((driver) => [
      driver,
      driver.load(
        files.filter(({ info }) => driver.types.includes(info.type)),
        context,
      ),
    ]),
  );
  const byId = new Map<number, Opener>();
  for (const { entry, info } of files) {
    const opener = openers.get(drivers.find(({ types }) => types.includes(info.type)) as TerminalDriver);
    if (opener !== undefined) byId.set(entry.id, opener);
  }
  const of = ({ id }: FileEntry): Opener => byId.get(id) as Opener;
  return {
    open: (entry) => of(entry).open(entry),
    isLate: (entry) => of(entry).isLate?.(entry) ?? false,
    openLate: (entry, place) => of(entry).openLate?.(entry, place) as number,
    led(pid, leader) {
      for (const opener of openers.values()) opener.led?.(pid, leader);
    },
    afterFork: (entry, fd, place) => of(entry).afterFork?.(entry, fd, place),
    start: (entry, fd) => of(entry).start?.(entry, fd),
  };
}
