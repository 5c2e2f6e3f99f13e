import { execFile } from 'node:child_process';
import { EngineError } from '@criujs/engine-kit';
import { compareVersions, oldestServed, type Release } from './releases.ts';

/** Milliseconds for a program to say its version. */
const patienceMs = 10_000;

/**
 * Asks a CRIU which release it is.
 * @throws EngineError CRIU_MISSING when it is none; CRIU_TOO_OLD
 */
export async function askRelease(bin: string): Promise<Release> {
  const said = await sayVersion(bin);
  const version = /^Version: (\d+(?:\.\d+)+)/m.exec(said)?.[1];
  if (version === undefined)
    throw noCriu(bin, `it answers --version with ${JSON.stringify(said.split('\n')[0]?.slice(0, 80))}`);
  if (compareVersions(version, oldestServed) < 0) throw tooOld(bin, version);
  return { version, gitId: /^GitID: (\S+)/m.exec(said)?.[1] ?? null };
}

function sayVersion(bin: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(bin, ['--version'], { timeout: patienceMs, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      // Some releases end with another code than 0.
      if (stdout !== '' || error === null) resolve(stdout);
      else reject(noCriu(bin, `it does not run: ${stderr.trim().split('\n')[0] || error.message}`));
    });
  });
}

function noCriu(bin: string, why: string): EngineError {
  return new EngineError('CRIU_MISSING', `${bin} is not a CRIU that runs here: ${why}`, {
    remedy: 'Install a CRIU for this system, or give another with --criu-bin (option `bin`).',
  });
}

function tooOld(bin: string, version: string): EngineError {
  return new EngineError('CRIU_TOO_OLD', `${bin} is CRIU ${version}; the oldest supported release is ${oldestServed}`, {
    remedy: `Install CRIU ${oldestServed} or newer, or give another with --criu-bin (option \`bin\`).`,
  });
}
