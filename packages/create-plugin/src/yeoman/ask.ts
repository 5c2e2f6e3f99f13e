import type { PromptQuestion } from 'yeoman-generator';
import type { Choices, Known } from '../questions/choices.ts';
import { fallbackOf, openQuestions, type Prepared } from '../questions/prepare.ts';
import { questionIds } from '../questions/questions.ts';
import { promptFor } from './prompt-for.ts';

type Prompt = (question: PromptQuestion) => Promise<object>;

/** Asks what no flag answered, one question at a time: the default of each comes from the answers before it. */
export async function ask({ known: given, situation }: Prepared, prompt: Prompt): Promise<Choices> {
  let known: Known = given;
  for (let [id] = openQuestions(known, situation); id !== undefined; [id] = openQuestions(known, situation)) {
    known = { ...known, ...(await prompt(promptFor(id, known, situation))) };
  }
  for (const id of questionIds) {
    if (known[id] === undefined) known = { ...known, [id]: fallbackOf(id, known, situation) };
  }
  return known as Choices;
}
