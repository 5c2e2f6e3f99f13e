import type { FoundRow } from '@criujs/engine-kit';
import type { PluginClaim } from '@criujs/plugin-host';
import type { ClaimableName } from '@criujs/plugin-sdk';
import type { Problem } from '../kinds/files/held.ts';

/** The part of a row that plugins decide. */
export type Settled = Pick<FoundRow, 'taker' | 'conflict' | 'why' | 'remedy' | 'questions'> & {
  /** No plugin would take it, and none failed. */
  readonly declined?: true;
};

/**
 * What the answers of the plugins, in the order in which a dump asks them, say of a resource. Without a claim a plugin is
 * asked at the dump; a claim that failed makes whatever comes after it uncertain, as a hook that fails ends the asking.
 *
 * @param unclaimed the problem that it is when nobody takes it
 */
export function settle(
  hook: ClaimableName,
  claims: readonly PluginClaim[],
  unclaimed: (why: string) => Problem,
): Settled {
  const names = (says: PluginClaim['says'], among: readonly PluginClaim[] = claims): string[] =>
    among.filter((it) => it.says === says).map(({ plugin }) => plugin);
  const [winner, ...rivals] = names('yes');
  const before = claims.slice(0, winner === undefined ? undefined : claims.findIndex(({ says }) => says === 'yes'));
  const failed = before.find((it) => it.says === 'failed');
  if (failed !== undefined) {
    const { message, remedy = 'Ask its author.' } = failed.error;
    return { taker: null, why: message, remedy };
  }
  const asked = names('nothing', before);
  if (winner === undefined) {
    if (asked.length > 0) {
      const [only = null] = asked.length === 1 ? asked : [];
      return { taker: { plugin: only, hook, claimed: false, asked } };
    }
    const whyNot = `${listOf(names('no'))} ${claims.length === 1 ? 'does' : 'do'} not claim it`;
    const { why, remedy, questions } = unclaimed(whyNot);
    return { taker: null, why, remedy, ...(questions && { questions }), declined: true };
  }
  const taker = { plugin: winner, hook, claimed: true, asked };
  if (rivals.length === 0) return { taker };
  const conflict = [winner, ...rivals];
  return {
    taker,
    conflict,
    why: `${listOf(conflict)} all claim it; a dump would give it to the first that is loaded, ${winner}`,
    remedy: 'Load only one of them, or make one claim less.',
  };
}

/** `plugin a`, `plugins a and b`, `plugins a, b and c`. */
function listOf(names: readonly string[]): string {
  if (names.length < 2) return `plugin ${names.join()}`;
  return `plugins ${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
