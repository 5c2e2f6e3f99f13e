type Plain = Record<string, unknown>;

/** Part of an image's fields, all the way down. */
export type PartOf<T> = T extends Uint8Array | readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: PartOf<T[K]> }
    : T;

/**
 * Puts together what several kinds say of one image: their objects are joined field by field, their lists end to end. Of two
 * plain values for one field the later one stays.
 */
export function joinFields<T extends object>(parts: readonly PartOf<T>[]): T {
  return parts.reduce<Plain>((all, part) => join(all, part as Plain), {}) as T;
}

function join(all: Plain, part: Plain): Plain {
  const out = { ...all };
  for (const [field, value] of Object.entries(part)) {
    const before = out[field];
    if (isPlain(before) && isPlain(value)) out[field] = join(before, value);
    else if (Array.isArray(before) && Array.isArray(value)) out[field] = [...before, ...value];
    else if (value !== undefined) out[field] = value;
  }
  return out;
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
