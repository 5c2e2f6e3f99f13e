import { EngineError } from '@criujs/engine-kit';

/** What a part of an image must be. */
export interface Rule<T> {
  /** The part in words: "the nice value". */
  readonly what: string;
  /** The value as the error shows it; undefined: the image does not have it, and it is not looked at. */
  readonly value: (part: T) => unknown;
  readonly fits: (part: T) => boolean;
  readonly expected: string;
}

/** The error for an image that says something that cannot be. */
export function invalid(file: string, what: string): EngineError {
  return new EngineError('IMAGE_INVALID', `${file}: ${what}`, {
    resource: file,
    remedy: 'The image is damaged: use another copy of the dump.',
  });
}

/** The error for something in an image that this engine cannot restore. */
export function unsupported(what: string, remedy: string): EngineError {
  return new EngineError('UNSUPPORTED', `cannot restore: ${what}`, { remedy });
}

/** Holds a part of an image to rules. @throws EngineError IMAGE_INVALID with the first that it breaks */
export function hold<T>(part: T, file: string, rules: readonly Rule<T>[]): void {
  for (const { what, value, fits, expected } of rules) {
    const given = value(part);
    if (given !== undefined && !fits(part)) throw invalid(file, `${what} is ${given}, and must be ${expected}`);
  }
}

/** A number, or a length, between two bounds, both included. */
export function between<T>(
  what: string,
  value: (part: T) => number | bigint | undefined,
  least: number | bigint,
  most: number | bigint,
): Rule<T> {
  return {
    what,
    value,
    fits: (part) => {
      const given = value(part);
      return given === undefined || (given >= least && given <= most);
    },
    expected: `from ${least} to ${most}`,
  };
}

/** One of some numbers. */
export function among<T>(what: string, value: (part: T) => number | undefined, choices: readonly number[]): Rule<T> {
  return {
    what,
    value,
    fits: (part) => choices.includes(value(part) as number),
    expected: `one of ${choices.join(', ')}`,
  };
}
