import { didYouMean } from '../command/nearest.ts';
import { CreateError } from '../create-error.ts';
import { checkAnswer } from './check-answer.ts';
import type { Choices, QuestionId } from './choices.ts';
import type { Choice, Situation } from './question.ts';
import { questions } from './questions.ts';

/** What a flag was given: text, more than one text, or that it was there (`--no-x`: false). */
export type FlagValue = string | boolean | readonly (string | boolean)[];

/**
 * The answer that a flag gives, checked.
 * @throws {CreateError}
 */
export function readValue<Id extends QuestionId>(id: Id, given: FlagValue, situation: Situation): Choices[Id] {
  return checkAnswer(id, read(id, given) as Choices[Id], situation);
}

function read(id: QuestionId, given: FlagValue): Choices[QuestionId] {
  const question = questions[id];
  if (question.form === 'several') return several(question.flag, question.choices, given);
  const last = Array.isArray(given) ? given.at(-1) : given;
  if (question.form === 'yes-no') return yesNo(question.flag, last);
  if (typeof last !== 'string') throw wrong(question.flag, 'needs a value', `Write --${question.flag}=VALUE.`);
  return question.form === 'text'
    ? last
    : (oneOf<string>(question.flag, question.choices, last) as Choices[QuestionId]);
}

function yesNo(flag: string, given: unknown): boolean {
  if (typeof given === 'boolean') return given;
  const answer = new Map([
    ['true', true],
    ['yes', true],
    ['false', false],
    ['no', false],
  ]).get(String(given).toLowerCase());
  if (answer === undefined) throw wrong(flag, `cannot be ${JSON.stringify(given)}`, `Write --${flag} or --no-${flag}.`);
  return answer;
}

function several<Word extends string>(
  flag: string,
  choices: readonly Choice<Word>[],
  given: FlagValue,
): readonly Word[] {
  const words = [given]
    .flat()
    .flatMap((it) => (typeof it === 'string' ? it.split(',') : []))
    .map((it) => it.trim())
    .filter((it) => it !== '');
  if (words.length === 0) throw wrong(flag, 'needs a value', `It takes ${list(choices)}.`);
  const chosen = new Set(words.map((word) => oneOf(flag, choices, word)));
  return choices.map(({ value }) => value).filter((value) => chosen.has(value));
}

function oneOf<Word extends string>(flag: string, choices: readonly Choice<Word>[], word: string): Word {
  const found = choices.find(({ value }) => value.toLowerCase() === word.toLowerCase());
  if (found !== undefined) return found.value;
  const hint = didYouMean(
    word,
    choices.map(({ value }) => value),
  );
  throw wrong(flag, `cannot be ${JSON.stringify(word)}`, `${hint}It takes ${list(choices)}.`);
}

function list(choices: readonly Choice<string>[]): string {
  return choices.map(({ value }) => value).join(', ');
}

function wrong(flag: string, what: string, remedy: string): CreateError {
  return new CreateError('INVALID_ANSWER', flag === 'folder' ? `the folder ${what}` : `--${flag} ${what}`, remedy);
}
