import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buildNative, findCompiler } from '@criujs/wire';
import { expect } from 'vitest';

// The bridge without CRIU: a program of ours loads it, as each release would, under sanitizers.

const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'];
const native = new URL('../../native/', import.meta.url);

export function compilerMissing(): string | null {
  try {
    findCompiler();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

function bridge(): Promise<string> {
  return buildNative({ source: new URL('bridge.c', native), kind: 'library', flags: [...sanitizers, '-ldl'] });
}

function host(hooks: number | null): Promise<string> {
  const flags = [...sanitizers, '-rdynamic', ...(hooks === null ? [] : [`-DHOOKS=${hooks}`]), '-ldl'];
  return buildNative({ source: new URL('../native/host.c', import.meta.url), kind: 'program', flags });
}

export interface StandIn {
  /** How many it knows; null: it does not show. */
  readonly hooks: number | null;
  /** 0: a dump, 2: a restore. */
  readonly stage: number;
  readonly calls: readonly string[];
  /** The image directory. */
  readonly directory: string;
  /** `CRIUJS_BRIDGE`. */
  readonly environment: string;
}

/** Runs it, and gives its lines. */
export async function runStandIn({ hooks, stage, calls, directory, environment }: StandIn): Promise<string[]> {
  const child = spawn(await host(hooks), [await bridge(), directory, String(stage), ...calls], {
    env: { ...process.env, CRIUJS_BRIDGE: environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let complained = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text;
  });
  child.stderr.on('data', (text: Buffer) => {
    complained += text;
  });
  const [code] = await once(child, 'close');
  expect({ code, complained }, 'the sanitizers').toEqual({ code: 0, complained: '' });
  return said.trim().split('\n');
}
