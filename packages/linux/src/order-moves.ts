/** A descriptor, and the number that it is to have. */
export interface Move {
  readonly fd: number;
  readonly as: number;
}

/**
 * Orders moves of descriptors so that none overwrites what a later one still needs: each goes to its number when nobody needs any
 * more what is there. Where they only change places, one of them is put aside first.
 *
 * @param moves no two go to one number
 * @param aside gives a duplicate at a number that no move goes to
 */
export function orderMoves(moves: readonly Move[], aside: (fd: number) => number): Move[] {
  const byTarget = new Map(moves.map((move) => [move.as, move]));
  const needed = new Map<number, number>();
  for (const { fd, as } of moves) if (fd !== as) needed.set(fd, (needed.get(fd) ?? 0) + 1);
  const done = new Set<Move>();
  const ordered: Move[] = [];

  /** Makes a move, and all that were waiting for its source to be needed no more. */
  function follow(first: Move): void {
    for (let move: Move | undefined = first; move !== undefined && !done.has(move); ) {
      const { fd, as }: Move = move;
      done.add(move);
      ordered.push(move);
      const left: number = fd === as ? 1 : (needed.get(fd) ?? 0) - 1;
      needed.set(fd, left);
      move = left === 0 ? byTarget.get(fd) : undefined;
    }
  }

  for (const move of moves) if ((needed.get(move.as) ?? 0) === 0) follow(move);
  for (const move of moves) {
    if (done.has(move)) continue;
    // What is left are rings: the source of this one waits aside until all others of its ring have moved.
    done.add(move);
    const last = { fd: aside(move.fd), as: move.as };
    const before = byTarget.get(move.fd);
    needed.set(move.fd, 0);
    if (before !== undefined) follow(before);
    ordered.push(last);
  }
  return ordered;
}
