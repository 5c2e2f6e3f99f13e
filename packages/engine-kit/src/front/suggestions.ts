import type { PluginSuggestion, ResourceQuestion, Suggest } from '@criujs/plugin-host/manifest';
import { EngineError, type FoundRefusal, type Refusal, refusalMessage } from '../errors/errors.ts';
import type { FoundRow, PlanRow } from '../interface/results.ts';

/** Whom to look for: not those that are loaded, which have been asked. */
interface Wanted {
  readonly cwd: string | undefined;
  readonly loaded: readonly string[];
}

/** So many are named in a remedy; the list has all. */
const mostNamed = 3;

/**
 * The rows of a plan, with the packages that would take what nobody takes.
 * @param found as the embedded engine finds them
 * @param adjust what the engine that would dump makes of one
 */
export async function suggestForRows(
  found: readonly FoundRow[],
  wanted: Wanted,
  adjust: (row: PlanRow) => PlanRow = (row) => row,
): Promise<PlanRow[]> {
  const suggest = await suggestionsFor(found, wanted);
  return found.map(({ questions = [], ...plain }) => {
    const row = adjust(plain);
    return plain.taker === null ? withSuggestions(row, suggest(questions)) : row;
  });
}

/**
 * The same for a dump that was refused; any other error as it is.
 * @param loadedNames asked only if there is something to look for
 */
export async function suggestForRefused(
  error: EngineError,
  cwd: string | undefined,
  loadedNames: () => Promise<readonly string[]>,
): Promise<EngineError> {
  const { refusals, summary, code, pid, plugin, hook, stack, cause } = error;
  const found: readonly FoundRefusal[] = refusals ?? [];
  if (summary === undefined || found.every(({ questions }) => questions === undefined)) return error;
  const suggest = await suggestionsFor(found, { cwd, loaded: await loadedNames() });
  const more = found.map(({ questions = [], ...refusal }): Refusal => withSuggestions(refusal, suggest(questions)));
  const suggested = new EngineError(code, refusalMessage(summary, more), {
    ...{ pid, plugin, hook, cause },
    refusals: more,
    summary,
  });
  if (stack !== undefined) suggested.stack = stack;
  return suggested;
}

/** Without a question nothing is loaded, and the disk is left alone. */
async function suggestionsFor(
  found: readonly { readonly questions?: readonly ResourceQuestion[] }[],
  wanted: Wanted,
): Promise<Suggest> {
  if (!found.some(({ questions = [] }) => questions.length > 0)) return () => [];
  const { suggestPlugins } = await import('@criujs/plugin-host/manifest');
  const suggest = suggestPlugins(wanted);
  return (questions) => {
    try {
      return suggest(questions);
    } catch {
      // A refusal is told whatever the disk is like.
      return [];
    }
  };
}

function withSuggestions<T extends { readonly remedy?: string }>(
  it: T,
  suggestions: readonly PluginSuggestion[],
): T & { readonly suggestions?: readonly PluginSuggestion[] } {
  if (suggestions.length === 0) return it;
  const remedies = [...suggestions.slice(0, mostNamed).map(remedyOf), ...(it.remedy ? [it.remedy] : [])];
  return { ...it, remedy: remedies.join(' Or: '), suggestions };
}

/** What to type. */
function remedyOf({ package: name, plugin, from, error }: PluginSuggestion): string {
  if (error !== undefined) {
    return `Mend the installed package ${name}, which has plugin ${plugin} for it: ${error.message}. ${error.remedy}`;
  }
  if (from === 'installed') return `Load plugin ${plugin}, which is installed and made for it: --plugin ${name}.`;
  return `Install plugin ${plugin}, which is made for it: npm install ${name}, then --plugin ${name}.`;
}
