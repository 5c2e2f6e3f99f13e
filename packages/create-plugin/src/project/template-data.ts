import type { Answers, KindId, Licence, PortedPlugin } from '../answers.ts';
import type { Kind, KindHook, KindOption } from './kinds/kind.ts';
import { kinds } from './kinds.ts';
import { type Manager, managers } from './managers.ts';

/** What a template knows, by the names that it uses. */
export interface TemplateData {
  readonly packageName: string;
  readonly pluginName: string;
  readonly description: string;
  readonly options: boolean;
  readonly licence: Licence;
  readonly year: number;
  /** Who has the rights. */
  readonly holder: string;
  readonly manager: Manager;
  /** The existing plugin whose hooks it has. */
  readonly ported: PortedPlugin | null;
  readonly kinds: readonly KindId[];
  readonly has: (id: KindId) => boolean;
  /** What the example holds for a ported plugin; null: it is none, or is not asked about files. */
  readonly device: string | null;
  /** Whether the example holds a device. */
  readonly holdsDevice: boolean;
  /** What could not be read of the existing plugin, in Markdown. */
  readonly unreadOfPorted: readonly string[];

  /** Imports of index.ts, sorted by file. */
  readonly imports: readonly { readonly what: string; readonly file: string }[];
  /** Registrations of index.ts: a hook and the functions that serve it. */
  readonly hooks: readonly string[];
  /** Modules whose `init` is called, in order. */
  readonly inits: readonly string[];
  /** Modules whose `exit` is called: the last to begin is the first to end. */
  readonly exits: readonly string[];

  /** For the types and arguments of hooks: `, Options`, `, { options }` …, or nothing where the plugin has none. */
  readonly andOptions: string;
  readonly withOptions: string;
  readonly comma: string;
  /** Before the name of a setting: an option, or a constant of the module. */
  readonly from: string;
  /** Where the accelerator's folder is said. */
  readonly folder: string;
  /** Whether a schema has a path in it. */
  readonly usesPaths: boolean;

  /** For the README. */
  readonly descriptions: readonly Kind[];
  /** The hooks of a kind, in Markdown. */
  readonly hookNames: (id: KindId) => string;
  readonly criuOnly: readonly string[];
  readonly optionRows: readonly KindOption[];
  /** The plugin's name as a key in TypeScript. */
  readonly optionKey: string;
  readonly optionExample: string;
  readonly example: string;
}

/** Names that are no options of a kind's own paths. */
const withoutPaths: readonly KindId[] = ['unix-socket', 'network-link'];

/** All that templates are filled with. */
export function templateData(answers: Answers): TemplateData {
  const { handles, options, pluginName } = answers;
  const chosen = Object.values(kinds).filter(({ id }) => handles.includes(id));
  const optionRows = options ? chosen.map(({ option }) => option) : [];
  const example = optionRows.find(({ argument }) => argument !== null);
  return {
    ...answers,
    holder: holderOf(answers),
    manager: managers[answers.packageManager],
    kinds: chosen.map(({ id }) => id),
    has: (id) => handles.includes(id),
    holdsDevice: handles.includes('external-file') || answers.device !== null,
    unreadOfPorted: answers.ported?.complete === false ? answers.ported.notes.map(inMarkdown) : [],

    imports: [
      ...chosen.map(({ module, id }) => ({ what: `* as ${module}`, file: id })),
      ...(options ? [{ what: '{ options }', file: 'options' }] : []),
    ].sort((a, b) => (a.file < b.file ? -1 : 1)),
    hooks: chosen.flatMap((kind) => kind.hooks.map((it) => registration(kind, it))),
    inits: chosen.filter(({ init }) => init).map(({ module }) => module),
    exits: chosen.filter(({ exit }) => exit).map(({ module }) => module),

    andOptions: options ? ', Options' : '',
    withOptions: options ? ', { options }' : '',
    comma: options ? ', options' : '',
    from: options ? 'options.' : '',
    folder: options ? 'options.accelerator' : 'folder()',
    usesPaths: handles.some((id) => !withoutPaths.includes(id)),

    descriptions: chosen,
    hookNames: (id) =>
      namesOf(kinds[id])
        .map((name) => `\`${name}\``)
        .join(' '),
    criuOnly: chosen.filter(({ embedded }) => !embedded).map(({ title }) => title),
    optionRows,
    optionKey: /^[a-z]\w*$/.test(pluginName) ? pluginName : `'${pluginName}'`,
    optionExample: example === undefined ? '{}' : `{ ${example.name}: ${example.example} }`,
    example: example === undefined ? '' : ` --plugin-option ${pluginName}.${example.name}${example.argument}`,
  };
}

function namesOf({ hooks, init, exit }: Kind): string[] {
  return [...(init ? ['init'] : []), ...hooks.map(({ hook }) => hook), ...(exit ? ['exit'] : [])];
}

function registration({ module }: Kind, { hook, handler, claim }: KindHook): string {
  const more = claim === undefined ? '' : `, { claim: ${module}.${claim} }`;
  return `hook('${hook}', ${module}.${handler}${more})`;
}

/** Text of an existing plugin, which may hold anything, as it is: not as Markdown, nor as HTML. */
function inMarkdown(text: string): string {
  const safe = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?').replaceAll('`', "'");
  return `\`${safe.length > 300 ? `${safe.slice(0, 300)}…` : safe}\``;
}

/** `Name <email>` without the address. */
function holderOf({ author, packageName }: Answers): string {
  return author?.replace(/\s*<.*$/, '') || `the authors of ${packageName}`;
}
