/**
 * What becomes of something that a program, or somebody who looks at it, can see:
 * - `restored`: it is there after a restore as it was before;
 * - `refused`: a dump of a program that has it fails by name, before anything is changed;
 * - `warned`: where it cannot be brought back a dump or a restore says so;
 * - `irrelevant`: it is no property of the program, for the reason that is given;
 * - `lost`: it is lost without a word, which nothing may be.
 */
export type Fate = (typeof fates)[number];

export const fates = ['restored', 'refused', 'warned', 'irrelevant', 'lost'] as const;

/** One thing that can be seen. */
export interface Property {
  /** As the kernel calls it. */
  readonly name: string;
  readonly fate: Fate;
  /** How it comes back, why it is refused, or why nobody misses it. */
  readonly why: string;
  /** Of one that is restored: it changes while the program runs, and is not compared; the test programs check it by using it. */
  readonly moves?: true;
}

/** Rows of a table: names with blanks between them that share a fate and its reason. */
type Rows = (names: string, why: string) => Property[];

export const restored: Rows = rowsOf({ fate: 'restored' });
export const moving: Rows = rowsOf({ fate: 'restored', moves: true });
export const refused: Rows = rowsOf({ fate: 'refused' });
export const warned: Rows = rowsOf({ fate: 'warned' });
export const irrelevant: Rows = rowsOf({ fate: 'irrelevant' });

function rowsOf(what: Pick<Property, 'fate' | 'moves'>): Rows {
  return (names, why) => names.split(' ').map((name) => ({ name, why, ...what }));
}

/**
 * The names of a table that are to be compared before and after.
 * @throws Error for a name that the table does not have: nobody has decided what becomes of it
 */
export function compared(table: readonly Property[], where: string): (name: string) => boolean {
  const byName = new Map(table.map((property) => [property.name, property]));
  return (name) => {
    const property = byName.get(name);
    if (property === undefined)
      throw new Error(
        `${where} shows ${name}, which nobody has classified: decide what becomes of it (packages/core/test/mirror)`,
      );
    return property.fate === 'restored' && !property.moves;
  };
}
