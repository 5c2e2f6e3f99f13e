/** Bounds on JSON that somebody else wrote. */
export interface JsonLimits {
  /** Lists and objects in one another. */
  readonly depth: number;
  /** Values, all together. */
  readonly values: number;
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
/** `[` and `{`, `]` and `}` differ in this bit only. */
const brace = 0x20;
const opening = 0x5b | brace;
const closing = 0x5d | brace;

/**
 * Parses JSON whose depth and number of values are counted first: parsing, and whatever walks over the value later, needs memory
 * and stack for each.
 * @throws SyntaxError, TypeError for bytes that are no UTF-8
 * @throws RangeError when it is over a limit, with a message that says which
 */
export function parseJson(bytes: Uint8Array, limits: JsonLimits): unknown {
  checkLimits(bytes, limits);
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
}

function checkLimits(bytes: Uint8Array, { depth: deepest, values: most }: JsonLimits): void {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === quote) at = endOfText(bytes, at);
    else if (byte === comma) values++;
    else if ((byte | brace) === opening) {
      depth++;
      values++;
    } else if ((byte | brace) === closing) depth--;
    if (depth > deepest) throw new RangeError(`it has more than ${deepest} levels`);
    if (values > most) throw new RangeError(`it has more than ${most} values`);
  }
}

/** Where the text that begins here ends. */
function endOfText(bytes: Uint8Array, from: number): number {
  for (let at = from + 1; at < bytes.length; at++) {
    if (bytes[at] === quote) return at;
    if (bytes[at] === backslash) at++;
  }
  return bytes.length;
}
