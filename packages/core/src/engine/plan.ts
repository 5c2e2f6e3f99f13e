import type { PluginClaim } from '@criujs/plugin-host';
import type { ClaimQuestion } from '../files/kind.ts';
import type { SurveyRow } from '../files/survey.ts';
import type { PlanRow } from '../options.ts';
import { checkRoot } from '../tasks/recognise.ts';
import { type Settled, settle } from './claims.ts';
import { type ServedHooks, surveyLasting } from './survey.ts';

/** The plugins, as a plan needs them. */
export interface PlanPlugins extends ServedHooks {
  /** What each plugin that has the hook says of it, in order. Never rejects. */
  claims(question: ClaimQuestion, resource: string): Promise<readonly PluginClaim[]>;
}

/** What a dump of this tree would meet. Looks only: nothing is frozen, no hook is called, nothing is changed. */
export async function planTree(pid: number, plugins: PlanPlugins): Promise<PlanRow[]> {
  checkRoot(pid);
  const rows = surveyLasting(pid, plugins);
  const settled = new Map<ClaimQuestion, Promise<Settled>>();
  // All at once: one that hangs makes nobody wait but itself.
  for (const { question, pid: holder, command, resource } of rows) {
    if (question === undefined || settled.has(question)) continue;
    const claims = plugins.claims(question, `${holder} (${command}) ${resource}`);
    settled.set(
      question,
      claims.then((answers) => settle(question.hook, answers, question.unclaimed)),
    );
  }
  return Promise.all(rows.map((row) => finish(row, settled)));
}

async function finish(
  { question, ...row }: SurveyRow,
  settled: ReadonlyMap<ClaimQuestion, Promise<Settled>>,
): Promise<PlanRow> {
  return question === undefined ? row : { ...row, ...(await settled.get(question)) };
}
