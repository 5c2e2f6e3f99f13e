import type { EntryInit, EntryOf } from '@criujs/images';
import { arena, errnoName, syscall, trySyscall } from '@criujs/linux';
import { modesStruct, sizeStruct, terminalCalls } from '../../../facts/terminals.ts';

type Info = EntryOf<'TTY_INFO'>;
type Modes = NonNullable<Info['termios']>;
type ModesInit = NonNullable<EntryInit<'TTY_INFO'>['termios']>;
type Size = NonNullable<Info['winsize']>;

/** Modes, modes that cannot be changed, and size: what CRIU's entry of a terminal has of them. */
export interface ModesPart {
  readonly termios: ModesInit;
  readonly termiosLocked: ModesInit;
  readonly winsize: NonNullable<EntryInit<'TTY_INFO'>['winsize']>;
}

/** How many numbers of 32 bits CRIU has for characters. It copies the bytes of `c_cc` there, and leaves the rest. */
const characterWords = 19;

/** A number that a terminal answers; null: it has none, as where the request is not for this end. */
export function askNumber(fd: number, request: number): number | null {
  return arena.scope(() => {
    const answer = arena.alloc(4);
    return trySyscall('ioctl', fd, request, answer.address) < 0 ? null : answer.view.getInt32(0, true);
  });
}

/** Tells a terminal a number, by its address. @throws LinuxError */
export function tellNumber(fd: number, request: number, value: number): void {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  tellBytes(fd, request, bytes);
}

/** Whether the other end was closed: such a terminal answers everything with EIO. ioctl_tty(2) */
export function isHungUp(fd: number): boolean {
  return arena.scope(() => {
    const result = trySyscall('ioctl', fd, terminalCalls.getModes2, arena.alloc(modesStruct.size).address);
    return result < 0 && errnoName(-result) === 'EIO';
  });
}

/** The kernel's bytes of what a terminal answers. @throws LinuxError */
export function askBytes(fd: number, request: number, length: number): Buffer {
  return arena.scope(() => {
    const block = arena.alloc(length);
    syscall('ioctl', fd, request, block.address);
    return Buffer.from(block.bytes);
  });
}

/** @throws LinuxError */
export function tellBytes(fd: number, request: number, bytes: Uint8Array): void {
  arena.scope(() => {
    const block = arena.alloc(bytes.length);
    block.bytes.set(bytes);
    syscall('ioctl', fd, request, block.address);
  });
}

/** @throws LinuxError */
export function readModes(fd: number): ModesPart {
  const size = viewOf(askBytes(fd, terminalCalls.getSize, sizeStruct.size));
  return {
    termios: modesEntry(viewOf(askBytes(fd, terminalCalls.getModes2, modesStruct.size))),
    termiosLocked: modesEntry(viewOf(askBytes(fd, terminalCalls.getLockedModes, modesStruct.size))),
    winsize: {
      wsRow: size.getUint16(sizeStruct.rows, true),
      wsCol: size.getUint16(sizeStruct.columns, true),
      wsXpixel: size.getUint16(sizeStruct.width, true),
      wsYpixel: size.getUint16(sizeStruct.height, true),
    },
  };
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

function modesEntry(view: DataView): ModesInit {
  const characters = Buffer.alloc(characterWords * 4);
  for (let at = 0; at < modesStruct.charactersLength; at++) characters[at] = view.getUint8(modesStruct.characters + at);
  return {
    cIflag: view.getUint32(modesStruct.input, true),
    cOflag: view.getUint32(modesStruct.output, true),
    cCflag: view.getUint32(modesStruct.control, true),
    cLflag: view.getUint32(modesStruct.local, true),
    cLine: view.getUint8(modesStruct.discipline),
    cIspeed: view.getUint32(modesStruct.inputSpeed, true),
    cOspeed: view.getUint32(modesStruct.outputSpeed, true),
    cCc: Array.from({ length: characterWords }, (_, at) => characters.readUInt32LE(at * 4)),
  };
}

/**
 * Gives a terminal the modes and the size that it had. The modes that cannot be changed come last: they would keep the others.
 * @throws LinuxError
 */
export function writeModes(fd: number, { termios, termiosLocked, winsize }: Partial<Info>): void {
  // CRIU keeps no speeds: then the modes say them.
  if (termios !== undefined)
    tellBytes(fd, termios.cOspeed === 0 ? terminalCalls.setModes : terminalCalls.setModes2, modesBytes(termios));
  if (winsize !== undefined) tellBytes(fd, terminalCalls.setSize, sizeBytes(winsize));
  if (termiosLocked === undefined) return;
  const locked = modesBytes(termiosLocked).subarray(0, modesStruct.inputSpeed);
  // Changing them takes a right, and most terminals have none.
  if (locked.some((byte) => byte !== 0)) tellBytes(fd, terminalCalls.setLockedModes, locked);
}

/** The kernel's bytes of modes. */
export function modesBytes(modes: Modes): Buffer {
  const bytes = Buffer.alloc(modesStruct.size);
  bytes.writeUInt32LE(modes.cIflag, modesStruct.input);
  bytes.writeUInt32LE(modes.cOflag, modesStruct.output);
  bytes.writeUInt32LE(modes.cCflag, modesStruct.control);
  bytes.writeUInt32LE(modes.cLflag, modesStruct.local);
  bytes.writeUInt8(modes.cLine, modesStruct.discipline);
  bytes.writeUInt32LE(modes.cIspeed, modesStruct.inputSpeed);
  bytes.writeUInt32LE(modes.cOspeed, modesStruct.outputSpeed);
  const characters = Buffer.alloc(characterWords * 4);
  modes.cCc.slice(0, characterWords).forEach((word, at) => {
    characters.writeUInt32LE(word, at * 4);
  });
  characters.copy(bytes, modesStruct.characters, 0, modesStruct.charactersLength);
  return bytes;
}

function sizeBytes({ wsRow, wsCol, wsXpixel, wsYpixel }: Size): Buffer {
  const bytes = Buffer.alloc(sizeStruct.size);
  bytes.writeUInt16LE(wsRow, sizeStruct.rows);
  bytes.writeUInt16LE(wsCol, sizeStruct.columns);
  bytes.writeUInt16LE(wsXpixel, sizeStruct.width);
  bytes.writeUInt16LE(wsYpixel, sizeStruct.height);
  return bytes;
}
