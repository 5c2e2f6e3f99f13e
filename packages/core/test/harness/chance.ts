/** Numbers that look like chance and are the same in every run. */
export interface Chance {
  /** A number from 0 up to, and without, `below`. */
  below(below: number): number;
  /** One of some things. @throws Error where there is none */
  pick<T>(choices: readonly T[]): T;
}

/** Lehmer's generator, so that a failure can be repeated by its seed. */
export function chance(seed: number): Chance {
  let state = (seed % 0x7fff_fffe) + 1;
  const below = (limit: number): number => {
    state = (state * 48_271) % 0x7fff_ffff;
    return Math.floor((state / 0x7fff_ffff) * limit);
  };
  // The first numbers of small seeds lie close together.
  for (let warm = 0; warm < 8; warm++) below(2);
  return {
    below,
    pick(choices) {
      if (choices.length === 0) throw new Error('nothing to choose from');
      return choices[below(choices.length)] as (typeof choices)[number];
    },
  };
}
