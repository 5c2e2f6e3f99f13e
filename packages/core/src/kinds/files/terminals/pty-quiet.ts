import { inputModes, lineEnds, localModes, modesStruct, readLimits } from '../../../facts/terminals.ts';
import type { PtyEnd } from './terminal-seen.ts';

/**
 * Modes with which what comes back is not changed on its way: written by the program it has been changed already, and typed it has been
 * shown and has sent its signals. Whether there are lines, and whether output can be stopped, stays as it is: a change would have effects.
 */
export function quietModes(modes: Uint8Array, role: PtyEnd['role']): Buffer {
  const quiet = Buffer.from(modes);
  const keepOnly = (at: number, bits: number): void =>
    void quiet.writeUInt32LE((quiet.readUInt32LE(at) & bits) >>> 0, at);
  keepOnly(modesStruct.output, 0);
  if (role === 'master') return quiet;
  keepOnly(modesStruct.input, inputModes.stops);
  keepOnly(modesStruct.local, localModes.canonical);
  for (let at = 0; at < modesStruct.charactersLength; at++)
    if (!keptCharacters.includes(at)) quiet[modesStruct.characters + at] = 0;
  return quiet;
}

/** VMIN and VTIME are no characters. */
const keptCharacters: readonly number[] = [lineEnds.endOfLine, lineEnds.endOfLine2, readLimits.least, readLimits.time];

/** Whether there are lines. */
export function isCanonical(modes: Uint8Array): boolean {
  return (Buffer.from(modes).readUInt32LE(modesStruct.local) & localModes.canonical) !== 0;
}

/** The same without lines. */
export function withoutLines(modes: Uint8Array): Buffer {
  const raw = Buffer.from(modes);
  raw.writeUInt32LE((raw.readUInt32LE(modesStruct.local) & ~localModes.canonical) >>> 0, modesStruct.local);
  return raw;
}

/** The same where the end of a file can be typed. */
export function withEnds(quiet: Uint8Array, modes: Uint8Array): Buffer {
  const ending = Buffer.from(quiet);
  const at = modesStruct.characters + lineEnds.endOfFile;
  ending[at] = modes[at] ?? 0;
  return ending;
}

/** Whether a byte ends a line and is part of it. */
export function endsLine(byte: number, modes: Uint8Array): boolean {
  const { endOfLine, endOfLine2 } = lineEnds;
  return (
    byte === newLine ||
    (byte !== 0 && [endOfLine, endOfLine2].some((at) => modes[modesStruct.characters + at] === byte))
  );
}

export const newLine = 0x0a;
