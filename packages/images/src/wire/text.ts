/**
 * Linux names are bytes, not text: a path or a process name may be no UTF-8. Each byte that is none becomes a lone
 * surrogate, U+DC80 for 0x80 up to U+DCFF for 0xff, and back: nothing is lost on the way through a string.
 */

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
const loneSurrogate = /\p{Surrogate}/u;
const escapedByte = 0xdc00;

/** Text of bytes that are mostly UTF-8; exact, whatever they are. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return decodeMixed(bytes);
  }
}

/** The bytes that `decodeText` made this text of. Throws RangeError on a surrogate that stands for no byte. */
export function encodeText(text: string): Uint8Array {
  if (!loneSurrogate.test(text)) return encoder.encode(text);
  const parts: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0xd800 || point > 0xdfff) {
      parts.push(...encoder.encode(character));
      continue;
    }
    const byte = point - escapedByte;
    if (byte < 0x80 || byte > 0xff) throw new RangeError(`U+${point.toString(16)} is neither a character nor a byte`);
    parts.push(byte);
  }
  return Uint8Array.from(parts);
}

function decodeMixed(bytes: Uint8Array): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const length = characterLength(bytes, at);
    if (length === 0) text += String.fromCharCode(escapedByte + (bytes[at] ?? 0));
    else text += strict.decode(bytes.subarray(at, at + length));
    at += Math.max(length, 1);
  }
  return text;
}

/** Bytes of the character that begins here; 0 where none does. */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  try {
    strict.decode(bytes.subarray(at, at + length));
    return Math.min(length, bytes.length - at);
  } catch {
    return 0;
  }
}
