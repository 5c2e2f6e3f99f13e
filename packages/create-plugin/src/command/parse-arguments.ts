import { parseArgs } from 'node:util';
import { CreateError } from '../create-error.ts';
import type { QuestionId } from '../questions/choices.ts';
import type { FlagValue } from '../questions/read-value.ts';
import { type Flag, flags, shortFlags } from './flags.ts';
import { didYouMean } from './nearest.ts';
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
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = flagOf(token.name, token.rawName);
    const value = readToken(flag, token);
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
    refuseForUpdate(given, set);
    refuseMore(words.slice(2));
    return { command: 'update', request: { folder: words[1] ?? '.', ...common } };
  }
  const [folder, ...more] = words;
  refuseMore(given.has('folder') ? words : more);
  if (folder !== undefined) given.set('folder', folder);
  const from = set.get('from');
  return {
    command: 'create',
    request: { given, from: typeof from === 'string' ? from : null, yes: set.has('yes'), ...common },
  };
}

function flagOf(name: string, raw: string): Flag {
  const short = raw.startsWith('--') ? undefined : shortFlags.get(name);
  const found = short === undefined ? (raw.startsWith('--') ? flags.get(name) : undefined) : flags.get(short);
  if (found !== undefined) return found;
  const hint = didYouMean(name, [...flags.keys()], (word) => `--${word}`);
  throw new CreateError('USAGE', `there is no flag ${raw}`, `${hint}--help lists all flags.`);
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

function refuseMore(words: readonly string[]): void {
  if (words.length === 0) return;
  const what = `there is only one folder, and this is too much: ${words.join(' ')}`;
  const remedy =
    'Quote a name with blanks. With npm, flags come after --, or npm takes them for itself: npm create criu-plugin my-plugin -- --yes';
  throw new CreateError('USAGE', what, remedy);
}

function refuseForUpdate(given: ReadonlyMap<QuestionId, unknown>, set: ReadonlyMap<SwitchName, unknown>): void {
  const [strange] = [...given.keys(), ...[...set.keys()].filter((name) => switches[name].update !== true)];
  if (strange === undefined) return;
  throw new CreateError(
    'USAGE',
    `update has no use for --${strange}`,
    '`create-criu-plugin --help` lists what it takes.',
  );
}
