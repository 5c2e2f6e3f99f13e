import { execFile } from 'node:child_process';
import { release as kernelRelease } from 'node:os';
import type { CheckResult, CheckRow, Finding } from '@criujs/engine-kit';
import { breakpointsWork } from '@criujs/linux';
import { type CriuError, type HookName, hookTable } from '@criujs/plugin-sdk';
import { askRelease } from './ask-release.ts';
import { findCriu } from './find.ts';
import { options as rpcOptions } from './options/names.ts';
import type { CriuOptions } from './options.ts';
import { hooksMissing, lacks, type Release } from './releases.ts';

/** Milliseconds for CRIU's own check. */
const patienceMs = 60_000;

/** Looks for CRIU, asks it for its own check, and tells what its release lacks. */
export async function checkCriu(
  { bin: wanted, cwd }: CriuOptions,
  signal: AbortSignal | undefined,
): Promise<CheckResult> {
  const rows: CheckRow[] = [];
  const add = (id: string, title: string, needs: CheckRow['needs'], finding: Finding): void => {
    rows.push({ id, title, needs, ...finding });
  };
  try {
    const bin = findCriu(wanted, cwd);
    const release = await askRelease(bin);
    add('criu', 'CRIU', all, { state: 'ok', detail: `${bin} is CRIU ${describeRelease(release)}` });
    add('criu-check', "CRIU's own check", all, await ownCheck(bin, signal));
    add('criu-breakpoints', 'breakpoints in hardware', [], breakpoints());
    add('criu-hooks', 'hooks that it calls', [], hooksOf(release));
    add('criu-options', 'options of its RPC', [], optionsOf(release));
  } catch (error) {
    const { message, remedy } = error as CriuError;
    add('criu', 'CRIU', all, { state: 'missing', detail: message, ...(remedy === undefined ? {} : { remedy }) });
  }
  const possible = rows.every(({ state, needs }) => state !== 'missing' || needs.length === 0);
  // CRIU never lets the kernel choose pids.
  return { dump: possible, restore: false, samePids: possible, kernel: kernelRelease(), rows };
}

const all = ['dump', 'restore', 'samePids'] as const;

function describeRelease({ version, gitId }: Release): string {
  return gitId === null || gitId === '0' ? version : `${version} (${gitId})`;
}

function ownCheck(bin: string, signal: AbortSignal | undefined): Promise<Finding> {
  return new Promise((resolve) => {
    execFile(bin, ['check'], { timeout: patienceMs, killSignal: 'SIGKILL', signal }, (error, stdout, stderr) => {
      const lines = `${stdout}${stderr}`
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '');
      const detail = lines.join('; ').slice(0, 1000);
      if (error === null) resolve({ state: 'ok', detail: detail || 'it found no problem' });
      else
        resolve({
          state: 'missing',
          detail: detail || error.message,
          remedy: 'Run it as root, with the kernel options that CRIU names.',
        });
    });
  });
}

function breakpoints(): Finding {
  const works = breakpointsWork();
  if (works === true) return { state: 'ok', detail: 'they work' };
  if (works === null) return { state: 'limited', detail: 'the kernel does not tell whether they work' };
  return {
    state: 'limited',
    detail: 'they are never reported on this machine, so that CRIU alone waits for ever; we start it without them',
    remedy: 'Set CRIU_FAULT=130 where CRIU is started without us.',
  };
}

function hooksOf(release: Release): Finding {
  const missing = hooksMissing(release);
  const called = (Object.keys(hookTable) as HookName[]).filter((name) => !missing.includes(name));
  const detail = `it calls ${called.join(', ')}`;
  if (missing.length === 0) return { state: 'ok', detail };
  const later = missing.map((name) => `${name} (since ${hookTable[name].since})`).join(', ');
  return {
    state: 'limited',
    detail: `${detail}; never ${later}`,
    remedy: 'Plugins that need these hooks need a newer CRIU, or the embedded engine.',
  };
}

function optionsOf(release: Release): Finding {
  const missing = rpcOptions.filter(({ row }) => row.since !== undefined && lacks(release, row.since));
  if (missing.length === 0) return { state: 'ok', detail: `all ${rpcOptions.length} that we know` };
  const names = missing.map(({ row }) => `${row.name} (since ${row.since})`).join(', ');
  return { state: 'limited', detail: `it has no ${names}`, remedy: 'Use a newer CRIU where you need them.' };
}
