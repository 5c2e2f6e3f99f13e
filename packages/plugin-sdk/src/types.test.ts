import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { type HookName, hookTable, isBatchable } from './index.ts';

/** What the compiler says of a snippet that uses the SDK: the codes of its errors. */
interface Snippet {
  readonly about: string;
  readonly text: string;
  readonly codes: readonly number[];
  /** What each error says, where its words are for authors. */
  readonly says?: readonly string[];
}

const batchables = Object.keys(hookTable)
  .filter((name) => isBatchable(name as HookName))
  .join(', ');
const notAssignable = 2345; // Argument of type … is not assignable to parameter of type …
const snippets: readonly Snippet[] = [
  {
    about: 'a whole plugin',
    text: `
      export default definePlugin({
        name: 'kvm',
        version: '1.0.0',
        async init(stage, context) { context.log.info(stage); },
        exit(stage, outcome) { if (!outcome.ok) console.error(stage, outcome.error.remedy); },
        hooks: [
          hook('DUMP_EXT_FILE', async ({ fd, id, file }, context) => {
            if (file.kind !== 'character') return notSupported;
            await context.image.writeJson(\`file-\${id}\`, { path: file.path, fd });
          }),
          hook('RESTORE_EXT_FILE', async ({ id, file }, { image, signal }) => {
            const { path } = await image.readJson<{ path: string }>(\`file-\${id}\`);
            if (signal.aborted) return retryLater;
            return file.flags === 0 ? notSupported : { fd: path.length, close() {} };
          }),
          hook('UPDATE_VMA_MAP', ({ oldOffset }) => (oldOffset > 0n ? undefined : { offset: 4096n, fd: 7 })),
          hook('PAUSE_DEVICES', async ({ pid }) => console.log(pid)),
          hook('POST_FORKING', () => {}),
        ],
      });`,
    codes: [],
  },
  {
    about: 'the trivial plugin',
    text: `definePlugin({ name: 'a', hooks: [hook('DUMP_EXT_FILE', ({ fd, id }, c) => c.log.info(\`\${fd} \${id}\`))] });`,
    codes: [],
  },
  { about: 'a handler that does nothing', text: `hook('DUMP_EXT_FILE', () => {});`, codes: [] },
  { about: 'an async handler that does nothing', text: "hook('UPDATE_VMA_MAP', async () => {});", codes: [] },
  { about: 'a handler that always declines', text: `hook('RESTORE_EXT_FILE', async () => notSupported);`, codes: [] },

  {
    about: 'an unknown hook name',
    text: `hook('DUMP_EXT_FIEL', () => {});`,
    codes: [notAssignable],
    says: [
      `Argument of type '"DUMP_EXT_FIEL"' is not assignable to parameter of type 'keyof Hooks | OneOf<"${Object.keys(hookTable).join(', ')}">'.`,
    ],
  },
  {
    about: 'a hook name that is known at run time',
    text: `
      declare const some: HookName; hook(some, () => notSupported as never);
      function wrap<N extends HookName>(name: N, handler: HookHandler<N>): HookRegistration { return hook(name, handler); }`,
    codes: [],
  },
  {
    about: 'names of plugins that are not usable',
    text: ['has space', 'Kvm', '-kvm', '', 'kvm_', 'kvm\\n']
      .map((name) => `definePlugin({ name: '${name}', hooks: [] });`)
      .join('\n'),
    codes: [2322, 2322, 2322, 2322, 2322, 2322],
    says: Array(6).fill(
      `is not assignable to type 'Mistake<"a name has small letters, digits and dashes, a letter or digit first">'`,
    ),
  },
  {
    about: 'names of plugins that are usable or known at run time',
    text: `
      declare const some: string; declare const either: 'kvm' | 'fuse-2'; declare const ours: \`our-\${string}\`;
      for (const name of [some, either, ours, '4', 'a-b-'] as const) definePlugin({ name, hooks: [] });
      definePlugin({ name: some, hooks: [] }); definePlugin({ name: either, hooks: [] }); definePlugin({ name: ours, hooks: [] });`,
    codes: [],
  },
  {
    about: 'two handlers of one hook',
    text: `
      definePlugin({ name: 'a', hooks: [hook('DUMP_EXT_FILE', () => {}), hook('PAUSE_DEVICES', () => {}), hook('DUMP_EXT_FILE', () => {})] });
      const pause = hook('PAUSE_DEVICES', () => {});
      definePlugin({ name: 'a', hooks: [pause, pause] });`,
    codes: [2322, 2322],
    says: [
      `not assignable to type 'Mistake<"two handlers of DUMP_EXT_FILE: merge them into one that checks its argument">'`,
      `not assignable to type 'Mistake<"two handlers of PAUSE_DEVICES: merge them into one that checks its argument">'`,
    ],
  },
  {
    about: 'lists of hooks that are known at run time',
    text: `
      declare const first: HookRegistration; declare const second: HookRegistration; declare const some: HookName;
      definePlugin({ name: 'a', hooks: [first, second] });
      definePlugin({ name: 'a', hooks: [hook(some, () => notSupported as never), hook('PAUSE_DEVICES', () => {})] });
      const list = [hook('DUMP_EXT_FILE', () => {})];
      list.push(hook('PAUSE_DEVICES', () => {}));
      definePlugin({ name: 'a', hooks: list });
      definePlugin({ name: 'a', hooks: [...list, hook('DUMP_EXT_FILE', () => {})] });
      const few = [first] as const; const more = [first, second] as const;
      definePlugin({ name: 'a', hooks: list.length > 3 ? few : more });
      definePlugin({ name: 'a', hooks: [other.hook('DUMP_EXT_FILE', () => {}), hook('PAUSE_DEVICES', () => {})] });`,
    codes: [],
  },
  { about: 'an argument that the hook lacks', text: `hook('RESTORE_EXT_FILE', ({ fd }) => fd);`, codes: [2339] },
  {
    about: 'an argument of a wrong type',
    text: `hook('DUMP_EXT_FILE', (args: { fd: string }) => {});`,
    codes: [notAssignable],
  },
  { about: 'a result where none is meant', text: `hook('DUMP_EXT_FILE', () => 0);`, codes: [2322] },
  {
    about: 'a mount that the engine makes, or that is made already',
    text: `
      hook('RESTORE_EXT_MOUNT', async ({ mountpoint }) => ({ source: '/srv' + mountpoint }));
      hook('RESTORE_EXT_MOUNT', async () => {});`,
    codes: [],
  },
  {
    about: 'a mount without its path',
    text: `hook('RESTORE_EXT_MOUNT', () => ({ path: '/srv' }));`,
    codes: [2322],
  },
  { about: 'a promise of such a result', text: `hook('DUMP_EXT_FILE', async () => true);`, codes: [2322] },
  { about: 'a result of a wrong type', text: `hook('RESTORE_UNIX_SK', () => '7');`, codes: [2322] },
  { about: 'no result where one is meant', text: `hook('RESTORE_EXT_FILE', () => {});`, codes: [notAssignable] },
  { about: 'retryLater from another hook', text: `hook('RESTORE_UNIX_SK', () => retryLater);`, codes: [2322] },
  { about: 'notSupported from an observer', text: `hook('PAUSE_DEVICES', () => notSupported);`, codes: [2322] },
  { about: 'a promise of it', text: `hook('CHECKPOINT_DEVICES', async () => notSupported);`, codes: [2322] },

  {
    about: 'the batch form, and work for later',
    text: `
      definePlugin({ name: 'gpu', hooks: [
        batchHook('CHECKPOINT_DEVICES', async ({ pids, isAll }, { log }) => log.info(\`\${pids[0]} \${pids.length} \${isAll}\`)),
        batchHook('RESUME_DEVICES_LATE', () => {}),
        hook('PAUSE_DEVICES', ({ pid }) => console.log(pid)),
        hook('POST_FORKING', () => later(Promise.resolve(3))),
        hook('RESTORE_EXT_FILE', async ({ id }) => (id === 3 ? later(Promise.resolve(), 7) : retryLater)),
        hook('UPDATE_VMA_MAP', () => later(Promise.resolve(), { offset: 0n })),
      ] });`,
    codes: [],
  },
  {
    about: 'the batch form of a hook that has none',
    text: `batchHook('POST_FORKING', () => {});`,
    codes: [notAssignable],
    says: [
      `Argument of type '"POST_FORKING"' is not assignable to parameter of type 'BatchName | OneOf<"${batchables}">'.`,
    ],
  },
  { about: 'a batch that asks for one process', text: `batchHook('PAUSE_DEVICES', ({ pid }) => {});`, codes: [2339] },
  {
    about: 'both forms of one hook',
    text: `definePlugin({ name: 'a', hooks: [hook('PAUSE_DEVICES', () => {}), batchHook('PAUSE_DEVICES', () => {})] });`,
    codes: [2322],
  },
  { about: 'work for later at a dump', text: `hook('PAUSE_DEVICES', () => later(Promise.resolve()));`, codes: [2322] },
  {
    about: 'work for later without its descriptor',
    text: `hook('RESTORE_UNIX_SK', () => later(Promise.resolve()));`,
    codes: [2322],
  },
  {
    about: 'retryLater with work for later',
    text: `hook('RESTORE_EXT_FILE', () => later(Promise.resolve(), retryLater));`,
    codes: [2322],
  },
  {
    about: 'a claim, typed by its hook and without what only a dump knows',
    text: `
      hook('DUMP_EXT_FILE', () => {}, { claim: ({ file }) => file.path === '/dev/kvm' });
      hook('DUMP_UNIX_SK', () => {}, { claim: async ({ socket, inode }) => socket.peerName !== null && inode > 0 });
      hook('DUMP_EXT_MOUNT', () => {}, { claim: ({ mountpoint }) => mountpoint === '/mnt' });
      hook('DUMP_EXT_FILE', () => {}, {});
      hook('PAUSE_DEVICES', () => {}, {});`,
    codes: [],
  },
  {
    about: 'a claim that wants the descriptor',
    text: `hook('DUMP_EXT_FILE', () => {}, { claim: ({ fd }) => fd > 2 });`,
    codes: [2339],
  },
  {
    about: 'a claim that answers something else',
    text: `hook('DUMP_EXT_FILE', () => {}, { claim: () => 'yes' });`,
    codes: [2322],
  },
  {
    about: 'a claim of a hook that saves nothing',
    text: `hook('RESTORE_EXT_FILE', () => 7, { claim: () => true });`,
    codes: [2322],
  },
  {
    about: 'a file id where a pid is meant',
    text: `const args: HookArgs<'PAUSE_DEVICES'> = { pid: fileId(7) };`,
    codes: [2322],
  },
  { about: 'a pid where a pid is meant', text: `const args: HookArgs<'PAUSE_DEVICES'> = { pid: pid(7) };`, codes: [] },
  { about: 'a number where a file id is meant', text: `const id: HookArgs<'DUMP_EXT_FILE'>['id'] = 7;`, codes: [2322] },
  {
    about: 'a file id of a handler as a pid',
    text: `declare function kill(pid: Pid): void; hook('DUMP_EXT_FILE', ({ id }) => kill(id));`,
    codes: [notAssignable],
  },
  {
    about: 'ids are numbers to everyone else',
    text: 'const sum: number = fileId(7) + 1; const n: number = mountId(3);',
    codes: [],
  },

  {
    about: 'options are typed by their schema, and by annotation in a hook',
    text: `
      declare const schema: StandardSchemaV1<unknown, { retries: number }>;
      definePlugin({
        name: 'kvm',
        options: schema,
        init(_, { options }) { const n: number = options.retries; },
        hooks: [hook('DUMP_EXT_FILE', (_, { options }: Context<{ retries: number }>) => { options.retries.toFixed(); })],
      });`,
    codes: [],
  },
  {
    about: 'a hook that expects other options than the schema gives',
    text: `
      declare const schema: StandardSchemaV1<unknown, { retries: number }>;
      const dump = hook('DUMP_EXT_FILE', (_, { options }: Context<{ path: string }>) => { options.path.trim(); });
      definePlugin({ name: 'kvm', options: schema, hooks: [dump] });`,
    codes: [2322],
  },
  {
    about: 'an option that the schema lacks',
    text: `
      declare const schema: StandardSchemaV1<unknown, { retries: number }>;
      definePlugin({ name: 'kvm', options: schema, init(_, { options }) { options.path; }, hooks: [] });`,
    codes: [2339],
  },
  {
    about: 'calls and registrations are told apart by their hook',
    text: `
      function name(call: HookCall): string {
        return call.hook === 'DUMP_EXT_FILE' ? call.args.file.path ?? '' : call.hook === 'PAUSE_DEVICES' ? \`\${call.args.pid}\` : call.hook;
      }
      function run(it: HookRegistration, context: Context): unknown {
        return it.hook === 'POST_FORKING' ? it.handler({}, context) : it.hook;
      }`,
    codes: [],
  },
  {
    about: 'kinds follow from the map',
    text: `
      const handler: HandlerName = 'DUMP_EXT_MOUNT'; const observer: ObserverName = 'RESTORE_INIT';
      const kind: 'observer' = hookTable.PAUSE_DEVICES.kind; const wrong: HandlerName = 'PAUSE_DEVICES';`,
    codes: [2322],
  },
  {
    about: 'a plugin of another copy of the SDK',
    text: `
      const plugin: Plugin = other.definePlugin({ name: 'kvm', hooks: [other.hook('DUMP_EXT_FILE', () => other.notSupported)] });
      const id: HookArgs<'DUMP_EXT_FILE'>['id'] = other.fileId(7);`,
    codes: [],
  },
];

const source = import.meta.dirname;
/** A second copy of the sources, which only the compiler sees. */
const copy = `${source}-copy`;
const real = (path: string): string => (path.startsWith(copy) ? source + path.slice(copy.length) : path);
const names = [
  'Context',
  'HandlerName',
  'HookArgs',
  'HookCall',
  'HookHandler',
  'HookName',
  'HookRegistration',
  'ObserverName',
  'Pid',
  'Plugin',
  'StandardSchemaV1',
];
const values = [
  'batchHook',
  'definePlugin',
  'fileId',
  'hook',
  'hookTable',
  'later',
  'mountId',
  'notSupported',
  'pid',
  'retryLater',
];
const header = `import { ${[...names.map((it) => `type ${it}`), ...values].join(', ')} } from './index.ts'; import * as other from '${copy}/index.ts';`;

/** The examples of the README are compiled as they stand. */
const readme = readFileSync(join(source, '../README.md'), 'utf8');
const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text = '']) => text);
const exampleFile = (index: number): string => join(source, `example-${index}.ts`);

const fileOf = (index: number): string => join(source, `snippet-${index}.ts`);
const found = compile();

test.each(snippets.map((snippet, index) => ({ ...snippet, index })))(
  'the compiler on $about: $codes',
  ({ index, codes, says = [] }) => {
    const diagnostics = found.filter((it) => it.file?.fileName === fileOf(index));
    const messages = diagnostics.map((it) => ts.flattenDiagnosticMessageText(it.messageText, '\n'));
    expect(
      diagnostics.map((it) => it.code),
      messages.join('\n'),
    ).toEqual(codes);
    for (const [at, words] of says.entries()) expect(messages[at]).toContain(words);
  },
);

test('the README has examples, the trivial plugin first', () => {
  expect(examples.length).toBeGreaterThan(1);
  expect(examples[0]).toContain("name: 'trivial'");
});

test('nothing but the snippets has errors, the examples of the README least of all', () => {
  expect(found.filter((it) => !it.file?.fileName.includes('/snippet-')).map((it) => it.messageText)).toEqual([]);
});

/** All snippets in one program, since most of the time goes into reading the library's own declarations. */
function compile(): readonly ts.Diagnostic[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
    customConditions: ['@criujs/source'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
  };
  const texts = new Map([
    ...snippets.map(({ text }, index) => [fileOf(index), `${header}\n${text}`] as const),
    ...examples.map((text, index) => [exampleFile(index), text] as const),
  ]);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => texts.has(path) || fileExists(real(path));
  host.readFile = (path) => texts.get(path) ?? readFile(real(path));
  host.getSourceFile = (path, languageVersion, ...others) => {
    const text = texts.get(path) ?? (path.startsWith(copy) ? readFile(real(path)) : undefined);
    if (text !== undefined) return ts.createSourceFile(path, text, languageVersion, true);
    return getSourceFile(path, languageVersion, ...others);
  };
  host.directoryExists = (path) => ts.sys.directoryExists(real(path));
  host.realpath = (path) => path;
  return ts.getPreEmitDiagnostics(ts.createProgram([...texts.keys()], options, host));
}
