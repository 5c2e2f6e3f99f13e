import { isClaimable } from '@criujs/plugin-sdk';
import type { Answers, PortedPlugin } from '../answers.ts';
import { inComment } from './in-comment.ts';
import { modules, modulesOf, portedHooks } from './ported-hooks.ts';

/** `src/index.ts`: which hooks there are, where they came from, and what C's words became. */
export function portedIndex({ pluginName, options }: Answers, ported: PortedPlugin): string {
  const used = modulesOf(ported);
  const imports = [
    ...used.map((name) => ({ what: `* as ${name}`, from: modules[name] })),
    ...(options ? [{ what: '{ options }', from: 'options' }] : []),
  ].sort((a, b) => (a.from < b.from ? -1 : 1));
  const names = ported.hooks.length === 0 ? 'definePlugin' : 'definePlugin, hook';
  return `import { createRequire } from 'node:module';
import { ${names} } from '@criujs/plugin-sdk';
${imports.map(({ what, from }) => `import ${what} from './${from}.ts';\n`).join('')}
const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/*
${origin(ported)
  .map((line) => ` * ${line}\n`)
  .join('')} *
${words(ported)
  .map((line) => ` *   ${line}\n`)
  .join('')} */
export default definePlugin({
  name: '${pluginName}',
  version,
${inventoryName(ported, pluginName)}${options ? '  options,\n' : ''}${ported.init === null ? '' : '  init: lifecycle.init,\n'}${ported.exit === null ? '' : '  exit: lifecycle.exit,\n'}${hooksOf(ported)}});
`;
}

/** CRIU's images list the plugins that they need by the names of their descriptors. */
function inventoryName({ structure, name }: PortedPlugin, pluginName: string): string {
  const isCarried = structure === 'descriptor' && name !== null && name !== pluginName;
  return isCarried && /^[^\p{C}\p{Zl}\p{Zp}]{1,80}$/u.test(name)
    ? `  // Images of the original list it by this name.\n  inventoryName: ${quoted(name)},\n`
    : '';
}

/** As the formatter of the project has it. */
function quoted(text: string): string {
  if (text.includes("'") && !text.includes('"')) return JSON.stringify(text);
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}

function hooksOf({ hooks }: PortedPlugin): string {
  if (hooks.length === 0) return '  hooks: [],\n';
  const lines = hooks.map(({ hook }) => {
    const { module, handler } = portedHooks[hook];
    return `hook('${hook}', ${module}.${handler}${isClaimable(hook) ? `, { claim: ${module}.claim }` : ''})`;
  });
  const short = `  hooks: [${lines.join(', ')}],\n`;
  // As the formatter of the project has it.
  return short.length <= 121 ? short : `  hooks: [\n${lines.map((line) => `    ${line},\n`).join('')}  ],\n`;
}

const formats: Readonly<Record<PortedPlugin['format'], string>> = {
  c: 'a plugin in C',
  elf: 'a compiled plugin',
  javascript: 'a plugin in JavaScript',
};
const structures: Readonly<Record<PortedPlugin['structure'], string>> = {
  descriptor: 'a CR_PLUGIN_DESC',
  functions: 'functions with fixed names',
};

function origin({ source, format, structure, name, unknown, complete, notes }: PortedPlugin): readonly string[] {
  const named = name === null ? '' : `, ${JSON.stringify(name)}`;
  return [
    `Made from ${inComment(source)}, ${formats[format]} with ${structures[structure]}${inComment(named)}.`,
    ...(complete
      ? [
          'It has the same hooks, and each says which function it was. They decline everything, or do nothing, until what those',
        ]
      : [
          'NOT ALL OF ITS HOOKS MAY BE HERE. This was not read:',
          ...notes.map((it) => `  - ${inComment(it)}`),
          'Each hook says which function it was. They decline everything, or do nothing, until what those',
        ]),
    "functions did is written there. C's words, and what they are now:",
    ...unknown.map((it) => `It also has ${inComment(it)}, which no CRIU knows and nobody called.`),
  ];
}

function words({ format }: PortedPlugin): readonly string[] {
  const rows = [
    ['return 0', 'answer nothing, or what the hook asks for'],
    ['return -ENOTSUP', 'return notSupported'],
    ['return -EPERM', "throw new PluginError(message, { errno: 'EPERM', remedy })"],
    ...(format === 'javascript'
      ? []
      : [
          ['criu_get_image_dir()', 'image of the second argument: writeJson, readJson, write, read …'],
          ['pr_info(), pr_err()', 'log of the second argument: info, error …'],
          ['add_inventory_plugin()', 'nothing: the engine does it'],
        ]),
  ] as const;
  return rows.map(([before, now]) => `${before.padEnd(24)}→ ${now}`);
}
