import type { Migration } from '../migration.ts';
import type { Tree } from '../tree.ts';

const workflow = '.github/workflows/ci.yml';
const agents = 'AGENTS.md';

/** The list as template 1 wrote it, in any of the quotings of YAML. */
const oldMatrix = /^([ ]+node(?:-version)?:[ ]*)\[[ ]*(['"]?)20(?:\.\d+)?\2,[ ]*(['"]?)22\3,[ ]*(['"]?)24\4[ ]*\]/m;

/** Template 1 tested on Node 20, 22 and 24, and had no word for coding agents. */
export const nodeVersionsAndAgents: Migration = {
  to: 2,
  title: 'CI on Node 26, and an AGENTS.md',
  migrate: (tree) => [...addNode26(tree), ...addAgents(tree)],
};

function addNode26(tree: Tree): string[] {
  const text = tree.read(workflow);
  // A project may be made without it, and its author may have thrown it away.
  if (text === null) return [];
  if (oldMatrix.test(text)) {
    const added = (list: string, _key: string, _first: string, _second: string, quote: string): string =>
      list.replace(/[ ]*\]$/, (end) => `, ${quote}26${quote}${end}`);
    tree.write(workflow, text.replace(oldMatrix, added));
    return [];
  }
  if (/\b26\b/.test(text)) return [];
  return [`${workflow} is your own by now: add Node 26 to the versions that it tests.`];
}

function addAgents(tree: Tree): string[] {
  if (tree.read(agents) !== null) return [];
  const manifest = readManifest(tree);
  if (manifest === null)
    return [`package.json cannot be read as JSON, so ${agents} was not written: see the template's.`];
  tree.write(agents, agentsText(manifest));
  return [];
}

interface Manifest {
  readonly name: string;
  readonly run: string;
  readonly scripts: readonly string[];
}

/** What the scripts of a project of ours do; those that its author took out are not named. */
const meanings: Readonly<Record<string, string>> = {
  test: 'all tests',
  lint: 'format and lint, changes nothing',
  format: 'format, and mend what can be mended',
  typecheck: 'the compiler over sources and tests',
  build: 'writes `dist`',
  dev: 'dumps and restores the example program with the plugin and shows every call',
};

function readManifest(tree: Tree): Manifest | null {
  try {
    const { name, scripts = {} } = JSON.parse(tree.read('package.json') ?? '');
    return { name: String(name), run: `${managerOf(tree)} run`, scripts: Object.keys(scripts) };
  } catch {
    return null;
  }
}

const lockFiles = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
] as const;

function managerOf(tree: Tree): string {
  return lockFiles.find(([file]) => tree.read(file) !== null)?.[1] ?? 'npm';
}

function agentsText({ name, run, scripts }: Manifest): string {
  const known = Object.keys(meanings).filter((script) => scripts.includes(script));
  const width = Math.max(0, ...known.map((script) => script.length));
  const commands = known.map((script) => `    ${run} ${script.padEnd(width)}    ${meanings[script]}`);
  return `# ${name}

A plugin for criujs: it saves and brings back, at checkpoint and restore, what the engine itself cannot.

${commands.join('\n')}

- The plugin is \`src/index.ts\`: its hooks and nothing else. What a hook does beyond a few lines has a file of its own.
- A change of a hook comes with a change of its tests in \`test\`.
- A hook that does not know a resource answers \`notSupported\`; one that fails throws, with what failed and why.
- What the dumping hook keeps (\`context.image\`) is all that the restoring hook may rely on.
`;
}
