import { commonMagic, imageKinds, serviceMagic } from './kinds.ts';

/** A 32-bit number of an image, little-endian. */
export function readWord(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
}

/** The same the other way round. */
export function writeWord(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** What an image's first words say about it, for a person. */
export function describeMagic(words: readonly number[]): string {
  const last = words.at(-1) ?? 0;
  if (last === commonMagic) return 'it is an image of another kind';
  if (last === serviceMagic) return "it is an image about CRIU's own work";
  const kinds = Object.entries(imageKinds).filter(([, { head }]) => head.length > 0 && head.at(-1) === last);
  if (kinds.length > 0) return `it is ${kinds.map(([kind]) => kind).join(' or ')}`;
  return `its magic ${hex(last)} is unknown`;
}

function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`;
}
