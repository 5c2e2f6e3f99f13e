import type { EnginePlanOptions, PlanRow } from '../options.ts';
import type { Session } from '../run/session.ts';
import { checkRoot } from '../tasks/recognise.ts';
import { surveyRows, surveyTree } from './survey.ts';

/** What a dump of this tree would meet. Looks only: nothing is frozen, no plugin is called, nothing is changed. */
export function planTree(options: EnginePlanOptions, session: Session): PlanRow[] {
  checkRoot(options.pid);
  session.phase('look');
  return surveyRows(surveyTree(options.pid), session.hooks);
}
