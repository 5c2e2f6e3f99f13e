import type { QuestionId } from '../questions/choices.ts';
import { questions } from '../questions/questions.ts';

/** How the flag of a question is written. */
export function flagForm(id: QuestionId): string {
  const question = questions[id];
  const { flag } = question;
  if (id === 'folder') return '<folder>';
  if (id === 'install') return '--[no-]install, --skip-install';
  if (question.form === 'yes-no') return `--[no-]${flag}`;
  return `--${flag} <${question.value}>`;
}
