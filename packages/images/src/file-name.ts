import { ImageError } from './error.ts';
import { imageKinds } from './kinds.ts';
import type { ImageKind } from './schemas.ts';

/** An image's id in its name: of a task, a table, a pages image; for STATS the word `dump` or `restore`. */
export type ImageId = number | bigint | string;

const placeholder = /%(l?[ud]|x|s)/;

/** How ids are written, by the letter in the pattern. */
const idFormats: { readonly [letter: string]: { readonly valid: RegExp; readonly base: number } } = {
  u: { valid: /^\d+$/, base: 10 },
  d: { valid: /^\d+$/, base: 10 },
  x: { valid: /^[\da-f]+$/, base: 16 },
  s: { valid: /^[\w-]+$/, base: 10 },
};

/** File name of an image: `fileName('CORE', 12)` is `core-12.img`. Throws ImageError (IMAGE_NAME). */
export function fileName(kind: ImageKind, id?: ImageId): string {
  const pattern = imageKinds[kind].file;
  if (pattern === null) throw nameError(kind, 'it is never a file of its own');
  const letter = placeholder.exec(pattern)?.[1]?.at(-1);
  const format = idFormats[letter ?? ''];
  if (!format) {
    if (id === undefined) return pattern;
    throw nameError(kind, `${pattern} takes no id`);
  }
  const text = typeof id === 'string' ? id : id?.toString(format.base);
  if (text === undefined || !format.valid.test(text)) throw nameError(kind, `${pattern} takes no ${id} as id`);
  return pattern.replace(placeholder, text);
}

/** Names of the kinds as expressions, in the order of the table: current kinds come before old ones of the same name. */
const names = (Object.keys(imageKinds) as ImageKind[]).flatMap((kind) => {
  const pattern = imageKinds[kind].file;
  if (pattern === null) return [];
  const letter = placeholder.exec(pattern)?.[1]?.at(-1) ?? '';
  const id = idFormats[letter]?.valid.source.slice(1, -1) ?? '';
  const expression = pattern.replaceAll('.', '\\.').replace(placeholder, `(${id})`);
  return [{ kind, expression: new RegExp(`^${expression}$`) }];
});

/** What kind of image a file name stands for, and the id in it; null for a name of no image. */
export function kindOfFile(name: string): { kind: ImageKind; id: string | null } | null {
  for (const { kind, expression } of names) {
    const match = expression.exec(name);
    if (match) return { kind, id: match[1] ?? null };
  }
  return null;
}

function nameError(kind: ImageKind, why: string): ImageError {
  return new ImageError('IMAGE_NAME', `no file name for ${kind}: ${why}`);
}
