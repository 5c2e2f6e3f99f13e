/** Addresses in a row, in bytes. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** What is left of an area. */
export interface Remainder<T extends Range> extends Range {
  readonly of: T;
}

/** Parts of areas that others leave free. Both come in order, and neither overlaps itself. */
export function minus<T extends Range>(areas: readonly T[], others: readonly Range[]): Remainder<T>[] {
  const left: Remainder<T>[] = [];
  let at = 0;
  for (const of of areas) {
    let start = of.start;
    while ((others[at]?.end ?? of.end) <= of.start) at++;
    for (let next = at; (others[next]?.start ?? of.end) < of.end; next++) {
      const other = others[next] as Range;
      if (other.start > start) left.push({ start, end: other.start, of });
      start = Math.max(start, other.end);
    }
    if (start < of.end) left.push({ start, end: of.end, of });
  }
  return left;
}

/** An area that two have. */
export interface Overlap<A extends Range, B extends Range> extends Range {
  readonly one: A;
  readonly other: B;
}

/** What two lists of areas have in common. Both come in order, and neither overlaps itself. */
export function overlaps<A extends Range, B extends Range>(ones: readonly A[], others: readonly B[]): Overlap<A, B>[] {
  const found: Overlap<A, B>[] = [];
  for (let i = 0, j = 0; i < ones.length && j < others.length; ) {
    const [one, other] = [ones[i] as A, others[j] as B];
    const [start, end] = [Math.max(one.start, other.start), Math.min(one.end, other.end)];
    if (start < end) found.push({ start, end, one, other });
    if (one.end <= other.end) i++;
    else j++;
  }
  return found;
}

/** Whether areas come in order and do not overlap. */
export function isOrdered(areas: readonly Range[]): boolean {
  return areas.every(({ start }, at) => at === 0 || (areas[at - 1] as Range).end <= start);
}
