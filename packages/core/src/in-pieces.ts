/** Cuts what is to be done into pieces of work, so many things each. */
export function* inPieces<T>(things: Iterable<T>, thingsInPiece: number): Generator<readonly T[]> {
  let piece: T[] = [];
  for (const thing of things) {
    piece.push(thing);
    if (piece.length < thingsInPiece) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}
