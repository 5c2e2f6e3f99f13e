import { hookTable, isClaimable } from '@criujs/plugin-sdk';
import type { Answers, PortedPlugin } from '../answers.ts';
import { localNames, parametersOf, renamed } from './parameters.ts';
import { comment, type Piece, was } from './piece.ts';
import { type ModuleName, type PortedHook, portedHooks } from './ported-hooks.ts';
import { lifecycle } from './ported-lifecycle.ts';

type Hook = PortedPlugin['hooks'][number];

/** Columns that the formatter of the project fills. */
const widest = 120;

/** `src/MODULE.ts`: the functions of its hooks, and what each was before. */
export function portedModule(module: ModuleName, { options }: Answers, ported: PortedPlugin): string {
  const hooks = ported.hooks.filter(({ hook }) => portedHooks[hook].module === module);
  const pieces = [
    ...(module === 'lifecycle' ? lifecycle(ported, options) : []),
    ...hooks.flatMap((it) => [...claimOf(it, options), handlerOf(it, ported, options)]),
  ];
  const imports = [importOf(pieces), ...(options ? ["import type { Options } from './options.ts';\n"] : [])].join('');
  return [imports, ...pieces.map(({ text }) => text)].join('\n');
}

/** One import, as the formatter of the project sorts it. */
function importOf(pieces: readonly Piece[]): string {
  const types = [...new Set(pieces.flatMap((it) => it.types))];
  const values = [...new Set(pieces.flatMap((it) => it.values))];
  const names = [...types, ...values].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  if (values.length === 0) return `import type { ${names.join(', ')} } from '@criujs/plugin-sdk';\n`;
  const marked = names.map((it) => (types.includes(it) ? `type ${it}` : it));
  return `import { ${marked.join(', ')} } from '@criujs/plugin-sdk';\n`;
}

function claimOf({ hook }: Hook, options: boolean): readonly Piece[] {
  if (!isClaimable(hook)) return [];
  const { handler } = portedHooks[hook];
  const text = `/** Would \`${handler}\` take it? Asked by \`criujs plan\`, before anything is frozen: it only looks. */
export const claim: HookClaim<'${hook}'${options ? ', Options' : ''}> = () => false;
`;
  return [{ text, types: ['HookClaim'], values: [] }];
}

function handlerOf(it: Hook, ported: PortedPlugin, options: boolean): Piece {
  const { hook, function: name } = it;
  const made = portedHooks[hook];
  const observes = hookTable[hook].kind === 'observer';
  const parameters = parametersOf(made, it);
  const names = localNames(made, parameters, it);
  const lines = [`Was ${was(name, parameters, ported)}.`, ...renamed(parameters), ...made.became.map(withNames)];
  const text = `${comment(lines)}
${head(made, hook, names, options)}
${told(made.tells.replaceAll(/\{(\w+)/g, (_, own: string) => `{${names.get(own) ?? own}`))}${observes ? '' : '  return notSupported;\n'}};
`;
  return { text, types: ['HookHandler'], values: observes ? [] : ['notSupported'] };

  function withNames(line: string): string {
    return line.replaceAll(/<(\w+)>/g, (_, standard: string) => {
      return parameters.find((one) => one.standard === standard)?.name ?? standard;
    });
  }
}

/** As the formatter of the project has it, in one line or in several. */
function head(
  { handler }: PortedHook,
  hook: Hook['hook'],
  names: ReadonlyMap<string, string>,
  options: boolean,
): string {
  const taken = [...names].map(([now, name]) => (now === name ? now : `${now}: ${name}`)).join(', ');
  const given = taken === '' ? '_args' : `{ ${taken} }`;
  const start = `export const ${handler}: HookHandler<'${hook}'${options ? ', Options' : ''}> = `;
  const short = `${start}(${given}, { log }) => {`;
  return short.length <= widest ? short : `${start}(\n  ${given},\n  { log },\n) => {`;
}

function told(tells: string): string {
  const text = tells.includes('{') ? `\`${tells.replaceAll('{', '${')}\`` : `'${tells}'`;
  const short = `  log.debug(${text});\n`;
  return short.length <= widest + 1 ? short : `  log.debug(\n    ${text},\n  );\n`;
}
