import type { Answers } from '../answers.ts';
import type { Output } from '../output.ts';
import { projectFiles } from '../project/project-files.ts';
import type { Choices } from '../questions/choices.ts';
import { completeAnswers } from '../questions/complete.ts';
import { checkFolder } from '../questions/folder.ts';
import type { Prepared } from '../questions/prepare.ts';
import { gitAuthor, hasGit } from '../steps/git.ts';
import { type Merged, mergeFiles } from '../steps/merge-files.ts';
import { type Plan, planCommands } from '../steps/plan.ts';

/** All that is known once the last question is answered, and nothing done yet. */
export interface Work extends Prepared {
  readonly answers: Answers;
  readonly merged: Merged;
  readonly plan: Plan;
}

/**
 * Says which files and commands the answers lead to.
 * @throws {CreateError} when the folder has been taken meanwhile: questions take their time
 */
export function planWork(prepared: Prepared, choices: Choices, output: Output): Work {
  const { request, situation } = prepared;
  const { place, ported } = situation;
  const git = choices.git && hasGit(place.environment);
  if (choices.git && !git) output.warn('git is not installed here: no repository is made');
  const answers = completeAnswers({ ...choices, git }, place, ported, gitAuthor(place.environment, place.cwd));
  checkFolder(answers.folder, request.force);
  const merged = mergeFiles(answers.folder, projectFiles(answers), request.force);
  return { ...prepared, answers, merged, plan: planCommands(answers) };
}
