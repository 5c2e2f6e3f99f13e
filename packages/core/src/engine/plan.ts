import type { EngineOptions, FoundRow } from '@criujs/engine-kit';
import type { PlanPlugins } from '@criujs/engine-kit/front';
import { checkRoot, deathOf, targetDied } from '@criujs/engine-kit/targets';
import { missingHook, whyUnrestorable } from '@criujs/plugin-host/facts';
import type { SurveyRow } from '../files/survey.ts';
import { checkExternal } from '../kinds/files/external-keys.ts';
import type { ClaimQuestion } from '../kinds/files/kind.ts';
import { type Settled, settle } from './claims.ts';
import { doStepsInTurns } from './steps.ts';
import { type ServedHooks, surveyLasting } from './survey.ts';

/** Asks the plugins, once for each question however many rows have it. */
type Ask = (question: ClaimQuestion, row: SurveyRow) => Promise<Settled>;

/**
 * What a dump of this tree would meet. Looks only: nothing is frozen, no hook is called, nothing is changed.
 * @param check called between two turns of the event loop; what it throws ends the survey
 */
export async function planTree(
  pid: number,
  options: EngineOptions<'dump'>,
  plugins: PlanPlugins,
  check: () => void,
): Promise<FoundRow[]> {
  checkExternal(options);
  const root = checkRoot(pid);
  const settled = new Map<ClaimQuestion, Promise<Settled>>();
  const askPlugins: Ask = async (question, { pid: holder, command, resource }) => {
    const claims = await plugins.claims(question, `${holder} (${command}) ${resource}`);
    return settle(question.hook, claims, question.unclaimed);
  };
  const ask: Ask = (question, row) => {
    const answer = settled.get(question) ?? askPlugins(question, row);
    settled.set(question, answer);
    return answer;
  };
  const rows = await doStepsInTurns(surveyLasting(pid, { hooks: plugins, options }), check).catch((error: unknown) => {
    throw deathOf([root], error) ?? error;
  });
  if (rows.length === 0) throw deathOf([root], null) ?? targetDied(pid);
  // All at once: one that hangs makes nobody wait but itself.
  return Promise.all(rows.map((row) => finish(row, ask, plugins)));
}

async function finish(row: SurveyRow, ask: Ask, plugins: ServedHooks): Promise<FoundRow> {
  const { question, otherwise, instead, passes: _passes, ...plain } = row;
  if (question === undefined) return plain;
  const first = await ask(question, row);
  const last = first.declined && otherwise !== undefined ? otherwise : question;
  const { declined, ...decided } = await ask(last, row);
  if (declined === true && instead !== undefined) return { ...plain, taker: { engine: instead } };
  const reason = decided.taker === null || last.reason === undefined ? {} : { reason: last.reason };
  return withMissingHook({ ...plain, ...reason, ...decided }, plugins);
}

/** Says whether a plugin could restore what plugins would take: if not, a dump that ends the tree is refused. */
function withMissingHook(row: FoundRow, loaded: ServedHooks): FoundRow {
  const { taker } = row;
  if (taker === null || 'engine' in taker) return row;
  const { hook, plugin } = taker;
  const missing = missingHook(hook, loaded);
  if (missing === null) return row;
  const names = plugin ?? taker.asked.join(' or ');
  const { why, remedy } = whyUnrestorable({ plugin: names, hook, missingHook: missing });
  const text = taker.claimed ? why : `if ${why}`;
  return {
    ...row,
    missingHook: missing,
    why: row.why === undefined ? text : `${row.why}; ${text}`,
    remedy: row.remedy === undefined ? remedy : `${row.remedy} ${remedy}`,
  };
}
