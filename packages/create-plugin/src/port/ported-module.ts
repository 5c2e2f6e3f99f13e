import { hookTable, isClaimable } from '@criujs/plugin-sdk';
import type { Answers, PortedPlugin } from '../answers.ts';
import { comment, type Piece, was } from './piece.ts';
import { type ModuleName, portedHooks } from './ported-hooks.ts';
import { lifecycle } from './ported-lifecycle.ts';

type Hook = PortedPlugin['hooks'][number];

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

function handlerOf({ hook, function: name }: Hook, ported: PortedPlugin, options: boolean): Piece {
  const { handler, before, became, takes, tells } = portedHooks[hook];
  const observes = hookTable[hook].kind === 'observer';
  const told = tells.includes('{') ? `\`${tells.replaceAll('{', '${')}\`` : `'${tells}'`;
  const text = `${comment([`Was ${was(name, before, ported)}.`, ...became])}
export const ${handler}: HookHandler<'${hook}'${options ? ', Options' : ''}> = (${takes}, { log }) => {
  log.debug(${told});
${observes ? '' : '  return notSupported;\n'}};
`;
  return { text, types: ['HookHandler'], values: observes ? [] : ['notSupported'] };
}
