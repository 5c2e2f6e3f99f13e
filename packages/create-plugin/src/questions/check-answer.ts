import type { Choices, QuestionId } from './choices.ts';
import type { Situation } from './question.ts';
import { questions } from './questions.ts';

type Check<Value> = (value: Value, situation: Situation) => void;

/**
 * Refuses an invalid answer; otherwise returns it.
 * @throws {CreateError}
 */
export function checkAnswer<Id extends QuestionId>(id: Id, value: Choices[Id], situation: Situation): Choices[Id] {
  // The compiler cannot see that a question and the value of the same id belong together.
  const check = questions[id].check as Check<Choices[Id]> | undefined;
  check?.(value, situation);
  return value;
}
