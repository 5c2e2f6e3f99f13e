#!/usr/bin/env node
/**
 * How soon a run ends after Ctrl-C, phase by phase (part of npm run bench -- abort): milliseconds from SIGINT to the end of the command, at
 * random moments of each phase, of processes that are each large in one way. Needs root and a C compiler. Build first.
 * `bench-abort.js [ROUNDS] [CROWD]`, with CROWD one of the names below
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, createReadStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makePipe, syscall } from '../packages/linux/dist/index.js';
import { buildNative } from '../packages/wire/dist/index.js';
import { median } from './bench/statistics.js';
import { root } from './packages.js';

const rounds = Number(process.argv[2] ?? 5);
const only = process.argv[3];
const bin = join(root, 'packages/cli/bin/criujs.js');
/** Threads, MiB, maps, children. */
const crowds = {
  '1000 threads': [1000, 0, 0, 0],
  '1 GiB': [0, 1024, 0, 0],
  '4000 maps': [0, 0, 4000, 0],
  '300 processes': [0, 0, 0, 300],
};

if (process.getuid() === 0) await bench();
else console.log('aborts are not measured: what was dumped must come back with its pid, which needs root');

async function bench() {
  const folder = mkdtempSync(join(tmpdir(), 'criujs-bench-abort-'));
  // What the shell leaked to us is not to be dumped: close_range(2), CLOSE_RANGE_CLOEXEC.
  syscall('close_range', 3, 0xffff_ffff, 4);
  const program = await buildNative({
    source: join(root, 'scripts/bench/crowd.c'),
    kind: 'program',
    flags: ['-pthread'],
  });
  try {
    for (const [name, sizes] of Object.entries(crowds)) {
      if (only === undefined || only === name) await benchCrowd(name, sizes, program, folder);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function benchCrowd(name, sizes, program, folder) {
  const said = join(folder, 'said');
  const launch = 'said=$1; shift; setsid "$@" </dev/null >"$said" 2>&1 & echo $!';
  const shell = spawn('sh', ['-c', launch, 'sh', said, program, ...sizes.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = Number((await once(shell.stdout, 'data'))[0]);
  const images = join(folder, 'images');
  const leave = ['dump', '-t', String(pid), '-D', images, '--leave-running'];
  const end = ['dump', '-t', String(pid), '-D', images];
  const back = ['restore', '-D', images, '--detach'];
  try {
    while (!existsSync(said) || !readFileSync(said, 'utf8').includes('ready')) await sleep(10);
    await benchPhases(`dump of ${name}`, leave, () => rmSync(images, { recursive: true, force: true }));
    rmSync(images, { recursive: true, force: true });
    await run(end);
    await benchPhases(`restore of ${name}`, back, async () => {
      if (existsSync(`/proc/${pid}`)) await endTree(pid);
    });
  } finally {
    if (existsSync(`/proc/${pid}`)) await endTree(pid);
    rmSync(images, { recursive: true, force: true });
    rmSync(said);
  }
}

async function benchPhases(what, args, reset) {
  await reset();
  const { phases } = await run(args);
  await reset();
  for (const [at, { name, begun }] of phases.entries()) {
    const lasts = (phases[at + 1]?.begun ?? begun + 5) - begun;
    const times = [];
    for (let round = 0; round < rounds; round++) {
      const { tookMs, code } = await run(args, { phase: name, delay: (lasts * round) / rounds });
      // 0, or ended by the signal on its way out: it was over.
      if (code === 130) times.push(tookMs);
      else if (code !== 0 && code !== null) throw new Error(`${what}, aborted in ${name}: exit code ${code}`);
      await reset();
    }
    if (times.length === 0) continue;
    const [middle, worst] = [median(times), Math.max(...times)];
    console.log(
      `${what}, ${name} (${lasts.toFixed(0)} ms): ended ${middle.toFixed(0)} ms after Ctrl-C, at worst ${worst.toFixed(0)} ms`,
    );
  }
}

/** Runs a command; with `shot` it gets SIGINT some milliseconds after a phase begins. */
async function run(args, shot) {
  const begun = performance.now();
  const phases = [];
  let sent = null;
  const [log, end] = makePipe();
  const child = spawn(process.execPath, [bin, ...args, '--no-config'], {
    stdio: ['ignore', 'ignore', 'pipe', end],
    env: { ...process.env, CRIUJS_PHASE_LOG: '3' },
  });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  closeSync(end);
  createReadStream('', { fd: log }).on('data', async (text) => {
    for (const name of String(text).trim().split('\n')) {
      phases.push({ name, begun: performance.now() - begun });
      if (name !== shot?.phase) continue;
      if (shot.delay >= 1) await sleep(shot.delay);
      sent = performance.now();
      child.kill('SIGINT');
    }
  });
  const [code] = await once(child, 'exit');
  if (shot === undefined && code !== 0) throw new Error(`criujs ${args.join(' ')} ended with ${code}: ${said}`);
  return { code, phases, tookMs: performance.now() - (sent ?? 0) };
}

async function endTree(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  for (const it of [pid, ...children]) process.kill(Number(it), 'SIGKILL');
  for (const it of [pid, ...children]) while (existsSync(`/proc/${it}`)) await sleep(2);
}
