#!/usr/bin/env node
/**
 * Ratios, each of two things that were measured by turns in one run (npm run bench): times alone say more of the machine
 * than of us. Build first. With a CRIU (CRIUJS_CRIU, or scripts/install-criu) and as root dumps are compared with it.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { plan } from '../packages/core/dist/index.js';
import { decodeImage } from '../packages/images/dist/index.js';
import { syscall } from '../packages/linux/dist/index.js';
import { median } from './median.js';
import { root } from './packages.js';

const planRounds = 21;
const dumpRounds = 7;
const descriptors = 1000;
const memory = 64 * 2 ** 20;
const closeOnExec = 0o2000000;

const folder = mkdtempSync(join(tmpdir(), 'criujs-bench-'));
const children = [];
try {
  console.log(`medians; every comparison by turns in one run; Node ${process.version}\n`);
  await benchPlan('regular files', (at) => openFile(at));
  await benchPlan('event counters, each alike', () => syscall('eventfd2', 0, closeOnExec));
  await benchDump();
} finally {
  for (const child of children) {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  rmSync(folder, { recursive: true });
}

/** A warm plan of a process with many descriptors, and what reading them all from /proc takes at least. */
async function benchPlan(what, open) {
  // What the shell leaked to us is not to be leaked on: close_range(2), CLOSE_RANGE_CLOEXEC.
  syscall('close_range', 3, 0xffff_ffff, 4);
  const fds = Array.from({ length: descriptors - 3 }, (_, at) => open(at));
  const { pid } = await start('/bin/sleep', ['1000'], ['ignore', 'ignore', 'ignore', ...fds]);
  for (const fd of fds) closeSync(fd);
  const { rows } = await plan({ pid });
  const held = rows.reduce((sum, row) => sum + (row.descriptors?.length ?? 0), 0);
  if (held !== descriptors) throw new Error(`the plan has ${held} descriptors of ${descriptors}`);

  const times = { plan: [], walk: [] };
  for (let round = 0; round < planRounds; round++) {
    times.plan.push(await timed(() => plan({ pid })));
    times.walk.push(await timed(() => walk(pid)));
  }
  compare(`plan of ${descriptors} descriptors (${what})`, times.plan, 'a bare walk of /proc/PID/fd', times.walk);
}

/** A dump of a process with some memory, by our command and by CRIU's. */
async function benchDump() {
  const program = `globalThis.kept = Buffer.alloc(${memory}, 'x'); console.log('ready'); setInterval(() => {}, 1000);`;
  const said = join(folder, 'said');
  const { pid } = await start(process.execPath, ['-e', program], ['ignore', openSync(said, 'w'), 'ignore']);
  while (!readFileSync(said, 'utf8').includes('ready')) await sleep(10);

  const { CRIUJS_CRIU } = process.env;
  const criu = [CRIUJS_CRIU, join(root, '.cache/criu/criu')].find((path) => path && existsSync(path));
  const missing = criu === undefined ? 'there is no CRIU (scripts/install-criu)' : notRoot();
  const times = { ours: [], frozen: [], criu: [], criuFrozen: [] };
  for (let round = 0; round < dumpRounds; round++) {
    const ours = join(folder, `ours-${round}`);
    const bin = join(root, 'packages/cli/bin/criujs.js');
    const args = [bin, 'dump', '-t', String(pid), '-D', ours, '--leave-running', '--json', '--no-config'];
    let result = '';
    times.ours.push(
      await timed(() => {
        result = execFileSync(process.execPath, args, { encoding: 'utf8' });
      }),
    );
    times.frozen.push(JSON.parse(result).frozenMs);
    rmSync(ours, { recursive: true });
    if (missing === null) benchCriu(criu, pid, round, times);
  }
  const what = `dump of ${memory / 2 ** 20} MiB`;
  if (missing === null) {
    compare(`${what}, whole command`, times.ours, 'CRIU', times.criu);
    compare(`${what}, frozen`, times.frozen, 'CRIU', times.criuFrozen);
    return;
  }
  compare(`${what}, whole command`, times.ours, 'frozen', times.frozen);
  console.log(`not compared with CRIU: ${missing}`);
}

function benchCriu(criu, pid, round, times) {
  const images = join(folder, `criu-${round}`);
  mkdirSync(images);
  const begun = performance.now();
  execFileSync(criu, ['dump', '-t', String(pid), '-D', images, '-o', 'dump.log', '--leave-running'], {
    stdio: 'ignore',
  });
  times.criu.push(performance.now() - begun);
  const [stats] = decodeImage('STATS', readFileSync(join(images, 'stats-dump')));
  // In microseconds.
  times.criuFrozen.push((stats.message.dump.freezingTime + stats.message.dump.frozenTime) / 1000);
  rmSync(images, { recursive: true });
}

function notRoot() {
  return process.getuid() === 0 ? null : 'CRIU needs root';
}

async function start(file, args, stdio) {
  const child = spawn(file, args, { stdio, detached: true });
  children.push(child);
  await once(child, 'spawn');
  // Until then its loader opens and closes files.
  while (readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(') ')[1]?.[0] !== 'S') await sleep(5);
  return child;
}

function openFile(at) {
  const path = join(folder, `file-${at}`);
  writeFileSync(path, 'content');
  return openSync(path, 'r+');
}

function walk(pid) {
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    readlinkSync(`/proc/${pid}/fd/${fd}`);
    statSync(`/proc/${pid}/fd/${fd}`, { bigint: true });
    readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8');
  }
}

async function timed(body) {
  const begun = performance.now();
  await body();
  return performance.now() - begun;
}

/** `what: 1.7 × other (52 ms : 31 ms, 21 rounds)` */
function compare(what, ours, other, theirs) {
  const [a, b] = [median(ours), median(theirs)];
  console.log(
    `${what}: ${(a / b).toFixed(2)} × ${other} (${a.toFixed(1)} ms : ${b.toFixed(1)} ms, ${ours.length} rounds)`,
  );
}
