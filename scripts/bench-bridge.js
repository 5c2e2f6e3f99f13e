#!/usr/bin/env node
/**
 * What plugins in TypeScript cost inside of CRIU: dumps and restores of a process with many external files, by the same CRIU, driven
 * alike, once with a plugin in TypeScript and once with one in C that does the same work (bench/same-work.c). By turns in one run,
 * since times alone say more of the machine than of us. Needs root, a CRIU (CRIUJS_CRIU, or scripts/install-criu), a C compiler and
 * /dev/fuse. `bench-bridge.js [FILES] [ROUNDS]`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dump, restore } from '../packages/core/dist/index.js';
import { criu } from '../packages/criu-bridge/dist/index.js';
import { syscall } from '../packages/linux/dist/index.js';
import { definePlugin, hook, notSupported } from '../packages/plugin-sdk/dist/index.js';
import { buildNative } from '../packages/wire/dist/index.js';
import { findCriu } from './bench/engines.js';
import { median } from './bench/statistics.js';
import { root } from './packages.js';

const path = '/dev/fuse';
const [files = 1000, rounds = 9] = process.argv.slice(2).map(Number);

const keeper = definePlugin({
  name: 'fuse-keeper',
  version: '1.0.0',
  hooks: [
    hook('DUMP_EXT_FILE', ({ file }) => (file.path === path ? undefined : notSupported)),
    hook('RESTORE_EXT_FILE', ({ file }) => openSync(path, file.flags & 3)),
  ],
});

const bin = findCriu();
const missing = whatIsMissing();
if (missing === null) await bench();
else console.log(`plugins inside of CRIU are not measured: ${missing}`);

function whatIsMissing() {
  if (bin === undefined) return 'there is no CRIU (scripts/install-criu)';
  if (process.getuid() !== 0) return 'CRIU needs root';
  return existsSync(path) ? null : `there is no ${path}`;
}

async function bench() {
  const folder = mkdtempSync(join(tmpdir(), 'criujs-bench-bridge-'));
  const flags = [`-I${join(root, 'packages/criu-bridge/native')}`];
  const native = await buildNative({ source: join(root, 'scripts/bench/same-work.c'), kind: 'library', flags });
  const sides = {
    ours: { plugins: [keeper], engine: criu({ bin }) },
    c: { plugins: [], engine: criu({ bin, nativePlugins: [native] }) },
  };
  const times = { dump: { ours: [], c: [] }, restore: { ours: [], c: [] } };
  let pid = 0;
  try {
    pid = await startHolder(folder);
    for (let round = 0; round < rounds; round++) {
      // Who begins has a cold cache: in turns.
      const order = round % 2 === 0 ? ['ours', 'c'] : ['c', 'ours'];
      for (const side of order) {
        const images = join(folder, side);
        rmSync(images, { recursive: true, force: true });
        times.dump[side].push(await timed(() => dump({ ...sides[side], pid, images, leaveRunning: true })));
      }
      for (const side of order) {
        await end(pid);
        const images = join(folder, side);
        times.restore[side].push(await timed(() => restore({ ...sides[side], images, detach: true })));
        const held = readdirSync(`/proc/${pid}/fd`).length;
        if (held < files) throw new Error(`the restored process has ${held} descriptors of ${files}`);
      }
    }
  } finally {
    if (pid !== 0) await end(pid);
    rmSync(folder, { recursive: true });
  }
  compare(`dump of ${files} external files by a plugin in TypeScript`, times.dump);
  compare(`restore of ${files} external files by a plugin in TypeScript`, times.restore);
}

/** A program that holds the files, as init's child: its pid is free once it ends. */
async function startHolder(folder) {
  // What the shell leaked to us is not to be dumped: close_range(2), CLOSE_RANGE_CLOEXEC.
  syscall('close_range', 3, 0xffff_ffff, 4);
  const source = join(root, 'packages/criu-bridge/test/native/holder.c');
  const holder = await buildNative({ source, kind: 'program', flags: ['-static-pie'] });
  const report = join(folder, 'report');
  const launch = 'setsid "$@" </dev/null >/dev/null 2>&1 & echo $!';
  const child = spawn('sh', ['-c', launch, 'sh', holder, report, 'files', path, String(files)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await once(child.stdout, 'data');
  const pid = Number(said);
  while (!existsSync(`${report}.${pid}`)) await sleep(10);
  return pid;
}

async function end(pid) {
  if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL');
  while (existsSync(`/proc/${pid}`)) await sleep(2);
}

async function timed(body) {
  const begun = performance.now();
  await body();
  return performance.now() - begun;
}

/** `what: 1.07 × the same in C (152 ms : 142 ms, 9 rounds)` */
function compare(what, { ours, c }) {
  const [a, b] = [median(ours), median(c)];
  console.log(
    `${what}: ${(a / b).toFixed(2)} × the same in C (${a.toFixed(0)} ms : ${b.toFixed(0)} ms, ${ours.length} rounds)`,
  );
}
