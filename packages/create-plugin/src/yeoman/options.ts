import type Generator from 'yeoman-generator';
import { flags } from '../command/flags.ts';
import { nearest } from '../command/nearest.ts';
import type { Request } from '../command/request.ts';
import { CreateError } from '../create-error.ts';
import type { QuestionId } from '../questions/choices.ts';
import { questions } from '../questions/questions.ts';
import type { FlagValue } from '../questions/read-value.ts';

type YeomanOptions = Readonly<Record<string, unknown>>;

/** Declares the questions' flags to Yeoman, so that its tools know of them. */
export function declareOptions(generator: Generator): void {
  generator.argument('folder', { type: String, required: false, description: questions.folder.help });
  for (const { flag, form, help } of Object.values(questions)) {
    if (flag === 'folder') continue;
    generator.option(flag, { type: form === 'yes-no' ? Boolean : String, description: help });
  }
}

/**
 * Reads what `yo` was given. It reads the command line itself and hands over fields: camel case and with dashes.
 * @throws {CreateError} `USAGE` for what looks like a misspelt flag
 */
export function requestOf(args: readonly string[], options: YeomanOptions): Request {
  refuseMisspelt(options);
  const [folder, ...extra] = args;
  const given = new Map<QuestionId, FlagValue>();
  for (const [name, flag] of flags) {
    const value = optionOf(name, options);
    if ('sets' in flag || value === undefined) continue;
    if ('fixed' in flag) {
      if (value === true) given.set(flag.answers, false);
    } else given.set(flag.answers, value);
  }
  if (folder !== undefined) given.set('folder', folder);
  const from = optionOf('from', options);
  const isSet = (name: string): boolean => optionOf(name, options) === true;
  return {
    given,
    extra,
    from: typeof from === 'string' ? from : null,
    partial: isSet('partial'),
    yes: isSet('yes'),
    dryRun: isSet('dry-run'),
    force: isSet('force'),
    json: isSet('json'),
    verbose: isSet('verbose'),
  };
}

function optionOf(name: string, options: YeomanOptions): FlagValue | undefined {
  const value = options[name] ?? options[camelCase(name)];
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return String(value);
  return Array.isArray(value) ? value.map((it) => (typeof it === 'boolean' ? it : String(it))) : undefined;
}

/** Yeoman's tools hand over more than was typed, so that only a near miss is known to be a mistake. */
function refuseMisspelt(options: YeomanOptions): void {
  const names = [...flags.keys()];
  for (const typed of Object.keys(options)) {
    if (yeomansOwn.has(typed) || names.some((name) => name === typed || camelCase(name) === typed)) continue;
    const meant = nearest(typed, names);
    if (meant !== null) throw new CreateError('USAGE', `unknown flag --${typed}`, `Did you mean --${meant}?`);
  }
}

const yeomansOwn: ReadonlySet<string> = new Set([
  'env',
  'resolved',
  'namespace',
  '_meta',
  '_',
  'sharedData',
  'forwardErrorToEnvironment',
  'forceInstall',
  'force-install',
  'skipCache',
  'skip-cache',
  'skipLocalCache',
  'skipParseOptions',
  'localConfigOnly',
  'askAnswered',
  'ask-answered',
  'destinationRoot',
  'insight',
]);

function camelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
