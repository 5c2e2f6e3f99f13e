import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Ended, nobody } from '../../packages/core/test/harness/command.ts';
import { compiler, criuMissing, isRoot, root } from '../../packages/core/test/harness/machine.ts';

// That the benchmark works and leaves nothing behind, with small sizes. How fast anything is is not its subject.

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-test-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface BenchOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly asNobody?: boolean;
  /** Sends SIGINT once it says this. */
  readonly interruptAt?: string;
}

/** Runs it to its end, and sees that nothing of it is left. */
async function bench(args: readonly string[], { env, asNobody, interruptAt }: BenchOptions = {}): Promise<Ended> {
  const child = spawn(process.execPath, [join(root, 'scripts/bench.js'), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(asNobody ? { uid: nobody, gid: nobody } : {}),
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
    if (interruptAt && text.includes(interruptAt)) child.kill('SIGINT');
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  expect(leftBy(child.pid ?? 0)).toEqual([]);
  return { code, signal, ...said };
}

/** Its folders have its pid in their names, and its programs one of its folders among their arguments. */
function leftBy(pid: number): string[] {
  const own = `criujs-bench-${pid}-`;
  const folders = ['/dev/shm', tmpdir()].filter(existsSync).flatMap((it) => readdirSync(it));
  const programs = readdirSync('/proc').filter(Number).map(commandOf);
  return [...folders, ...programs].filter((it) => it.includes(own));
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

interface Summary {
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
  readonly values: readonly number[];
}

interface Scenario {
  readonly title: string;
  readonly bytes: number;
  readonly measures: Readonly<Record<string, Readonly<Record<string, Summary>>>>;
  readonly limits: Readonly<Record<string, Summary>>;
  readonly failures: readonly string[];
}

function scenariosIn(file: string): Scenario[] {
  return JSON.parse(readFileSync(file, 'utf8')).scenarios;
}

const [measures, limits] = [
  ['dump', 'frozen', 'restore'],
  ['node', 'copy', 'write', 'gap'],
];

/** What has no numbers that make sense. */
function gapsIn({ title, measures: measured, limits: least, bytes }: Scenario, sides: readonly string[]): string[] {
  const cells = [
    ...measures.flatMap((what) => sides.map((side) => ({ name: `${what} ${side}`, it: measured[what]?.[side] }))),
    ...limits.map((name) => ({ name, it: least[name] })),
  ];
  const isSound = (it: Summary | undefined) =>
    it !== undefined && it.values.length === 1 && it.lower <= it.median && it.median <= it.upper && it.upper > 0;
  const wrong = cells.filter(({ it }) => !isSound(it)).map(({ name }) => `${title}: ${name}`);
  return bytes > 0 ? wrong : [...wrong, `${title}: bytes`];
}

test('every scenario has numbers in every column, in the table, in JSON and in a plot', async (context) => {
  if (compiler === null) return context.skip('no C compiler');
  if (!isRoot) return context.skip('needs root');
  const [json, svg] = [join(folder, 'bench.json'), join(folder, 'bench.svg')];
  const ended = await bench(['--small', '--rounds', '1', '--json', json, '--svg', svg]);
  expect(ended, ended.stderr + ended.stdout).toMatchObject({ code: 0 });
  const scenarios = scenariosIn(json);
  const sides = criuMissing() === null ? ['criujs', 'criu', 'library'] : ['criujs', 'library'];
  expect(scenarios).toHaveLength(8);
  expect(scenarios.flatMap((it) => gapsIn(it, sides))).toEqual([]);
  expect(scenarios.flatMap(({ failures }) => failures)).toEqual([]);
  const plot = readFileSync(svg, 'utf8');
  for (const { title } of scenarios) {
    expect(ended.stdout).toContain(`\n${title} (`);
    expect(plot).toContain(`>${title}</text>`);
  }
  expect(ended.stderr).toContain('32 of 32: ');
  expectWellFormed(plot);
});

test('without root it measures ours alone, and says why', async (context) => {
  if (compiler === null) return context.skip('no C compiler');
  if (!isRoot) return context.skip('needs root, to become another user');
  chownSync(folder, nobody, nobody);
  const json = join(folder, 'bench.json');
  const args = ['--small', '--rounds', '1', '--only', 'small', '--json', json];
  const ended = await bench(args, { asNobody: true, env: { HOME: folder, XDG_CACHE_HOME: join(folder, '.cache') } });
  expect(ended, ended.stderr + ended.stdout).toMatchObject({ code: 0 });
  expect(ended.stdout).toMatch(/Not compared with CRIU: (there is no CRIU|CRIU needs root)/);
  expect(scenariosIn(json).flatMap((it) => gapsIn(it, ['criujs', 'library']))).toEqual([]);
});

test('an engine that fails is named, and the others are measured', async (context) => {
  if (compiler === null) return context.skip('no C compiler');
  if (!isRoot) return context.skip('needs root');
  const [broken, json] = [join(folder, 'broken.js'), join(folder, 'bench.json')];
  writeFileSync(broken, "console.log('out of order'); process.exitCode = 3;");
  const args = ['--small', '--rounds', '1', '--only', 'small', '--json', json];
  const { code, stdout } = await bench(args, { env: { CRIUJS_BIN: broken } });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^Failed:\n {2}small process: criujs: .* ended with 3\nout of order$/m);
  expect(scenariosIn(json)[0]?.measures['restore']?.['library']?.values).toHaveLength(1);
});

test.for(['dump by library', 'restore by command'])(
  'Ctrl-C during a %s leaves nothing behind',
  async (phase, context) => {
    if (compiler === null) return context.skip('no C compiler');
    if (!isRoot) return context.skip('needs root');
    const { code, stdout } = await bench(['--small', '--only', 'small'], { interruptAt: phase });
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
  },
);

test.for([
  ['--fast'],
  ['--rounds', '0'],
  ['--rounds', 'many'],
  ['--only', 'nothing'],
  ['engine'],
  ['--docs', '--small'],
])('%j is an error', async (args) => {
  const { code, stdout, stderr } = await bench(args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^bench: .+\n {2}→ npm run bench -- --help\n$/);
});

test('the help names every option and every scenario', async () => {
  const { code, stdout } = await bench(['--help']);
  expect(code).toBe(0);
  const words = [
    '--rounds',
    '--only',
    '--small',
    '--json',
    '--svg',
    '--docs',
    'plan',
    'abort',
    'bridge',
    'create',
    'maps',
  ];
  expect(words.filter((word) => !stdout.includes(word))).toEqual([]);
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
});

/** Every tag is closed, in order, and nothing that ought to be escaped is not. */
function expectWellFormed(xml: string): void {
  const open: string[] = [];
  const rest = xml.replaceAll(/<(\/?)([a-z]+)((?: [\w:-]+="[^"<&]*")*)(\/?)>/gi, (_, end, name, _attributes, alone) => {
    if (end) expect(open.pop()).toBe(name);
    else if (!alone) open.push(name);
    return '';
  });
  expect(open).toEqual([]);
  expect(rest).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
}
