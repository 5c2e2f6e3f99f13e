import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { breakpointsWork } from '@criujs/linux';
import { root } from '../packages.js';
import { run } from './command.js';

/**
 * The two that are compared, each as a user would run it. What they print after a restore may say under which pid.
 * @typedef {{ name: 'criujs' | 'criu', dump(pid: number, images: string): string[], restore(images: string): string[],
 *   pidIn(stdout: string): number | undefined }} Engine
 */

/** Only root may choose the pids of a restore. */
export const newPids = process.getuid() !== 0;

const { CRIUJS_BIN, CRIUJS_CRIU, CRIU_FAULT } = process.env;
const bin = CRIUJS_BIN ?? join(root, 'packages/cli/bin/criujs.js');

/** @type {Engine} */
export const criujs = {
  name: 'criujs',
  dump: (pid, images) => [...ours('dump', images), '-t', `${pid}`, '--leave-running'],
  restore: (images) => [...ours('restore', images), '--detach', '--json', ...(newPids ? ['--new-pids'] : [])],
  pidIn: (stdout) => JSON.parse(stdout).pid,
};

function ours(command, images) {
  return [process.execPath, bin, command, '-D', images, '--no-config'];
}

/** @returns {Engine} */
export function criuAt(path) {
  return {
    name: 'criu',
    dump: (pid, images) => [path, 'dump', '-t', `${pid}`, '-D', images, '--leave-running'],
    restore: (images) => [path, 'restore', '-D', images, '--restore-detached'],
    pidIn: () => undefined,
  };
}

/** `CRIUJS_CRIU`, or where scripts/install-criu puts it. */
export function findCriu() {
  return [CRIUJS_CRIU, join(root, '.cache/criu/criu')].find((path) => path && existsSync(path));
}

/** Why CRIU cannot be compared with here, or null. */
export async function whyNoCriu(path) {
  if (path === undefined) return 'there is no CRIU (run scripts/install-criu, or set CRIUJS_CRIU)';
  if (process.getuid() !== 0) return 'CRIU needs root';
  try {
    await run([path, 'check']);
    avoidBreakpoints();
    return null;
  } catch {
    return 'CRIU does not work on this kernel (criu check)';
  }
}

/** On a machine whose breakpoints in hardware are never reported, CRIU would wait for one for ever. */
function avoidBreakpoints() {
  if (breakpointsWork() !== false || CRIU_FAULT !== undefined) return;
  process.env.CRIU_FAULT = '130';
  process.stderr.write('breakpoints in hardware do not work here: CRIU runs without them, and somewhat slower\n');
}

/** `4.1.1` */
export async function versionOfCriu(path) {
  const { stdout } = await run([path, '--version']);
  return /^Version: (\S+)/m.exec(stdout)?.[1] ?? 'of unknown version';
}
