import { parseArgs } from 'node:util';
import { CreateError } from '../create-error.ts';
import type { QuestionId } from '../questions/choices.ts';
import type { FlagValue } from '../questions/read-value.ts';
import { type Flag, flags, shortFlags } from './flags.ts';
import { didYouMean } from './nearest.ts';
import { refuseExtra } from './refuse-extra.ts';
import type { Invocation } from './request.ts';
import { type SwitchName, switches } from './switches.ts';

const options = Object.fromEntries(
  [...flags].map(([name, { takesValue }]) => [name, { type: takesValue ? 'string' : 'boolean' } as const]),
);

/**
 * Reads the command line. Only its form is checked here; answers are checked where all of them are known.
 * @throws {CreateError} `USAGE`
 */
export function parseArguments(args: readonly string[]): Invocation {
  // Some package managers hand their own `--` on.
  const own = args.filter((arg) => arg !== '--');
  const { tokens } = parseArgs({ args: own, options, strict: false, tokens: true });
  const words: string[] = [];
  const given = new Map<QuestionId, FlagValue>();
  const set = new Map<SwitchName, string | true>();
  const notForUpdate: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = flagOf(token.name, token.rawName);
    const value = readToken(flag, token);
    if (!('sets' in flag && switches[flag.sets].update)) notForUpdate.push(token.rawName);
    if ('sets' in flag) set.set(flag.sets, value === true ? true : String(value));
    else given.set(flag.answers, given.has(flag.answers) ? [given.get(flag.answers) ?? [], value].flat() : value);
  }
  if (set.has('help')) return { command: 'help' };
  if (set.has('version')) return { command: 'version' };
  const common = {
    force: set.has('force'),
    dryRun: set.has('dry-run'),
    json: set.has('json'),
    verbose: set.has('verbose'),
  };
  if (words[0] === 'update') {
    refuseForUpdate(notForUpdate);
    refuseExtra(words.slice(2));
    return { command: 'update', request: { folder: words[1] ?? '.', ...common } };
  }
  const extra = given.has('folder') ? words : words.slice(1);
  if (words[0] !== undefined && !given.has('folder')) given.set('folder', words[0]);
  const from = set.get('from');
  return {
    command: 'create',
    request: {
      given,
      extra,
      from: typeof from === 'string' ? from : null,
      partial: set.has('partial'),
      yes: set.has('yes'),
      ...common,
    },
  };
}

function flagOf(name: string, raw: string): Flag {
  const found = flags.get(raw.startsWith('--') ? name : (shortFlags.get(name) ?? ''));
  if (found !== undefined) return found;
  const hint = didYouMean(name, [...flags.keys()], (word) => `--${word}`);
  throw new CreateError('USAGE', `unknown flag ${raw}`, `${hint}--help lists all flags.`);
}

interface OptionToken {
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function readToken(flag: Flag, { rawName, value, inlineValue }: OptionToken): string | boolean {
  if (flag.takesValue) {
    if (value !== undefined && (inlineValue === true || !value.startsWith('-'))) return value;
    throw new CreateError('USAGE', `${rawName} needs a value`, `Write ${rawName}=VALUE.`);
  }
  const fixed = 'fixed' in flag ? flag.fixed : undefined;
  if (value === undefined) return fixed ?? true;
  if ('answers' in flag && fixed === undefined) return value;
  throw new CreateError('USAGE', `${rawName} takes no value`, `Write ${rawName} alone.`);
}

function refuseForUpdate([flag]: readonly string[]): void {
  if (flag === undefined) return;
  throw new CreateError('USAGE', `update has no use for ${flag}`, '--help lists what it takes.');
}
