import { resolve } from 'node:path';
import { refuseEatenFlags } from '../command/eaten-flags.ts';
import { flagForm } from '../command/flag-form.ts';
import { refuseExtra } from '../command/refuse-extra.ts';
import type { Request } from '../command/request.ts';
import { CreateError } from '../create-error.ts';
import type { Place } from '../place.ts';
import { checkAnswer } from './check-answer.ts';
import type { Choices, Known, QuestionId } from './choices.ts';
import type { Situation } from './question.ts';
import { questionIds, questions } from './questions.ts';
import { readValue } from './read-value.ts';

/** A request whose flags are checked, and for which the rest can be asked. */
export interface Prepared {
  readonly request: Request;
  readonly situation: Situation;
  /** Answers so far: those of the flags; with `--yes` all of them. */
  readonly known: Known;
}

/**
 * Checks the flags and takes the defaults where `--yes` says so. What is missing can then be asked: without a terminal,
 * where nobody can be asked, it is refused.
 * @throws {CreateError}
 */
export async function prepare(request: Request, place: Place): Promise<Prepared> {
  refuseEatenFlags(request, place.environment);
  refuseExtra(request.extra);
  const situation = await situationOf(request, place);
  let known: Known = {};
  for (const id of questionIds) {
    const given = request.given.get(id);
    if (given !== undefined) known = { ...known, [id]: readValue(id, given, situation) };
    else if (request.yes) known = { ...known, [id]: fallbackOf(id, known, situation) };
  }
  if (!place.terminal || request.json) refuseMissing(known, situation);
  return { request, situation, known };
}

/** The default answer, which is checked like any other. */
export function fallbackOf<Id extends QuestionId>(id: Id, known: Known, situation: Situation): Choices[Id] {
  return checkAnswer(id, questions[id].fallback(known, situation) as Choices[Id], situation);
}

/** What has to be asked, in order: what no flag answered and what makes sense here. */
export function openQuestions(known: Known, situation: Situation): readonly QuestionId[] {
  return questionIds.filter((id) => known[id] === undefined && (questions[id].applies?.(known, situation) ?? true));
}

async function situationOf({ from, partial, force, given }: Request, place: Place): Promise<Situation> {
  if (from === null) {
    if (partial) throw new CreateError('USAGE', '--partial goes with --from', 'Name the plugin: --from plugin.c.');
    return { place, force, ported: null };
  }
  if (given.has('handles')) {
    const remedy = 'Leave --handles out: the hooks of the existing plugin say what the new one handles.';
    throw new CreateError('USAGE', '--from and --handles exclude each other', remedy);
  }
  const { readPorted } = await import('../port/read-ported.ts');
  return { place, force, ported: await readPorted(resolve(place.cwd, from), { partial }) };
}

function refuseMissing(known: Known, situation: Situation): void {
  const missing = openQuestions(known, situation);
  if (missing.length === 0) return;
  const lines = missing.map((id) => `    ${flagForm(id).padEnd(36)}${questions[id].help}`);
  throw new CreateError(
    'MISSING_FLAGS',
    `there is no terminal to ask on, and these flags are missing:\n${lines.join('\n')}`,
    'Give them, or --yes to take their defaults.',
  );
}
