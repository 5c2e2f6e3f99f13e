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
  for (const { question, otherwise, pid: holder, command, resource } of rows) {
    for (const asked of [question, otherwise]) {
      if (asked === undefined || settled.has(asked)) continue;
      const claims = plugins.claims(asked, `${holder} (${command}) ${resource}`);
      settled.set(
        asked,
        claims.then((answers) => settle(asked.hook, answers, asked.unclaimed)),
      );
    }
  }
  return Promise.all(rows.map((row) => finish(row, settled)));
}

async function finish(
  { question, otherwise, ...row }: SurveyRow,
  settled: ReadonlyMap<ClaimQuestion, Promise<Settled>>,
): Promise<PlanRow> {
  if (question === undefined) return row;
  const { declined, ...first } = await answerTo(question, settled);
  if (declined === undefined || otherwise === undefined) return { ...row, ...first };
  const { declined: _, ...second } = await answerTo(otherwise, settled);
  return { ...row, ...second };
}

async function answerTo(
  question: ClaimQuestion,
  settled: ReadonlyMap<ClaimQuestion, Promise<Settled>>,
): Promise<Settled> {
  return (await settled.get(question)) ?? { taker: null };
}
