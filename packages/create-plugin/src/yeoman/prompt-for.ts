import type { PromptQuestion } from 'yeoman-generator';
import { CreateError } from '../create-error.ts';
import { checkAnswer } from '../questions/check-answer.ts';
import type { Choices, Known, QuestionId } from '../questions/choices.ts';
import type { Situation } from '../questions/question.ts';
import { questions } from '../questions/questions.ts';

/** A question as Yeoman asks it; the answer has the question's id as its name. */
export function promptFor(id: QuestionId, known: Known, situation: Situation): PromptQuestion {
  const question = questions[id];
  const { message } = question;
  switch (question.form) {
    case 'text':
      return {
        type: 'input',
        name: id,
        message,
        default: question.fallback(known, situation),
        validate: (value: string) => reason(id, value, situation),
      };
    case 'yes-no':
      return { type: 'confirm', name: id, message, default: question.fallback(known, situation) };
    case 'one':
      return {
        type: 'select',
        name: id,
        message,
        default: question.fallback(known, situation),
        choices: named(question.choices),
      };
    case 'several': {
      const checked: readonly string[] = question.fallback(known, situation);
      const choices = named(question.choices).map((it) => ({ ...it, checked: checked.includes(it.value) }));
      return { type: 'checkbox', name: id, message, required: true, choices };
    }
  }
}

/** True, or what is wrong with an answer: then Yeoman asks again. */
function reason<Id extends QuestionId>(id: Id, value: Choices[Id], situation: Situation): true | string {
  try {
    checkAnswer(id, value, situation);
    return true;
  } catch (error) {
    if (error instanceof CreateError) return `${error.message}. ${error.remedy}`;
    throw error;
  }
}

function named<Word extends string>(
  choices: readonly { readonly value: Word; readonly label: string }[],
): { readonly name: string; readonly value: Word }[] {
  return choices.map(({ value, label }) => ({ name: label, value }));
}
