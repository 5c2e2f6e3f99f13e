#!/usr/bin/env node
/** A warm plan of a process with many descriptors, beside what reading them all from /proc takes at least (a part of npm run bench). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
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
import { syscall } from '../packages/linux/dist/index.js';
import { median } from './bench/statistics.js';

const rounds = 21;
const descriptors = 1000;
const closeOnExec = 0o2000000;

const folder = mkdtempSync(join(tmpdir(), 'criujs-bench-'));
const children = [];
try {
  await benchPlan('regular files', (at) => openFile(at));
  await benchPlan('event counters, each alike', () => syscall('eventfd2', 0, closeOnExec));
} finally {
  for (const child of children) {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  rmSync(folder, { recursive: true });
}

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
  for (let round = 0; round < rounds; round++) {
    times.plan.push(await timed(() => plan({ pid })));
    times.walk.push(await timed(() => walk(pid)));
  }
  compare(`plan of ${descriptors} descriptors (${what})`, times.plan, 'a bare walk of /proc/PID/fd', times.walk);
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
