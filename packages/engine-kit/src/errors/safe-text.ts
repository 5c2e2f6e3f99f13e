/**
 * What a terminal may take for a command or does not show: control characters, characters that change the writing direction or have no
 * width, separators of lines, halves of a character. Unicode, general categories.
 */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** No name that means anything is longer. */
const longestName = 300;

/**
 * Makes one line for a terminal of any text, such as the name of a file, a program or a plugin: what {@link unsafe} characters it has
 * are shown by their code points, newlines among them.
 */
export function safeText(text: string): string {
  return text.replaceAll(unsafe, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Does the same with a name that somebody else has chosen, and cuts what is too long. */
export function safeName(name: string): string {
  return safeText(name.length > longestName ? `${name.slice(0, longestName)}…` : name);
}

/**
 * Makes a message safe that may have several lines. A line break is kept only where two spaces follow, as in all lists of ours, and gets
 * a bar: whatever a name in the message contains, it cannot pose as a line of criujs.
 */
export function safeLines(text: string): string {
  return text.split('\n  ').map(safeText).join('\n  | ');
}

/**
 * Writes a value as one line of JSON that is safe for a terminal and means the same: such characters are escaped in it.
 * @throws TypeError for what JSON has no form for
 */
export function safeJson(value: unknown): string {
  const json = JSON.stringify(value, (_, it: unknown) => (typeof it === 'bigint' ? `${it}` : it)) ?? 'null';
  return json.replaceAll(unsafe, (character) =>
    Array.from({ length: character.length }, (_, at) => `\\u${hex(character.charCodeAt(at))}`).join(''),
  );
}

function hex(unit: number): string {
  return unit.toString(16).padStart(4, '0');
}

/**
 * Makes a filter for all that goes to a stream, below whoever made the text safe already: line breaks and the control sequences of our
 * own colours pass, everything else that a terminal may take for a command is escaped.
 * @param sequences the control sequences that may pass
 */
export function createFilter(sequences: readonly string[]): (text: string) => string {
  const pieces = new RegExp(`(${['\n', ...sequences].map((it) => it.replaceAll('[', '\\[')).join('|')})`);
  // Of what a split gives, every second piece is what it was split at.
  return (text) =>
    text
      .split(pieces)
      .map((piece, at) => (at % 2 === 1 ? piece : safeText(piece)))
      .join('');
}

type Paint = (text: string) => string;

/** Colours of one stream, or none. */
export interface Colors {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly yellow: Paint;
  readonly green: Paint;
  readonly cyan: Paint;
}

/** Lists the control sequences that these colours put around a text. */
export function sequencesOf({ bold, dim, red, yellow, green, cyan }: Colors): readonly string[] {
  const around = [bold, dim, red, yellow, green, cyan].flatMap((paint) => paint('|').split('|'));
  return [...new Set(around)].filter((it) => it !== '');
}
