import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildNative, findCompiler } from '@criujs/wire';
import { onTestFinished } from 'vitest';

/** Null when the native side cannot be built here, else why not. */
export const compilerMissing: string | null = missing();

function missing(): string | null {
  try {
    findCompiler();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'];

/** A folder that is gone after the test. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'criujs-wire-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The C side of the tests, built with sanitizers. */
export function buildPeer(): Promise<string> {
  const source = new URL('./native/peer.c', import.meta.url);
  return buildNative({ source, kind: 'program', cache: scratch(), flags: sanitizers });
}
