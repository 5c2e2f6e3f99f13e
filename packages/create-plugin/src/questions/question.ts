import type { PortedPlugin } from '../answers.ts';
import type { Place } from '../place.ts';
import type { Choices, Known, QuestionId } from './choices.ts';

/** What a question may look at besides the answers before it. */
export interface Situation {
  readonly place: Place;
  readonly force: boolean;
  readonly ported: PortedPlugin | null;
}

interface Common<Value> {
  /** The flag that answers it, without its dashes. */
  readonly flag: string;
  /** Other spellings of the flag. */
  readonly aliases?: readonly string[];
  /** One line for `--help`. */
  readonly help: string;
  /** What a person is asked. */
  readonly message: string;
  /** What `--yes` takes, and what Enter takes at a terminal. */
  fallback(known: Known, situation: Situation): Value;
  /**
   * Refuses an invalid answer.
   * @throws {CreateError}
   */
  check?(value: Value, situation: Situation): void;
  /** Whether there is anything to ask; if not, the default is taken. */
  applies?(known: Known, situation: Situation): boolean;
}

/** One of several words, with what people read. */
export interface Choice<Word extends string> {
  readonly value: Word;
  readonly label: string;
}

export interface TextQuestion extends Common<string> {
  readonly form: 'text';
  /** What the value is called in `--help`. */
  readonly value: string;
}

export interface YesNoQuestion extends Common<boolean> {
  readonly form: 'yes-no';
}

export interface OneQuestion<Word extends string> extends Common<Word> {
  readonly form: 'one';
  /** What the value is called in `--help`. */
  readonly value: string;
  readonly choices: readonly Choice<Word>[];
}

export interface SeveralQuestion<Word extends string> extends Common<readonly Word[]> {
  readonly form: 'several';
  /** What the value is called in `--help`. */
  readonly value: string;
  readonly choices: readonly Choice<Word>[];
}

/** The question whose answer has this field's type. */
export type QuestionOf<Id extends QuestionId> = [Choices[Id]] extends [boolean]
  ? YesNoQuestion
  : Choices[Id] extends readonly (infer Word extends string)[]
    ? SeveralQuestion<Word>
    : string extends Choices[Id]
      ? TextQuestion
      : OneQuestion<Extract<Choices[Id], string>>;
