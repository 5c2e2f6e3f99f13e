import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '@criujs/core';
import { expect } from 'vitest';
import { proc, procLink } from '../../../core/test/harness/processes.ts';
import type { Target } from '../../../core/test/harness/target.ts';

/** CRIU's worker that runs for this process, or null. */
export function worker(): number | null {
  const children = (proc(process.pid, `task/${process.pid}/children`) ?? '').split(' ').filter(Boolean).map(Number);
  // It gives itself other names while it works.
  return children.find((pid) => procLink(pid, 'exe')?.includes('criu')) ?? null;
}

/** What a run failed with. */
export async function failureOf(run: Promise<unknown>): Promise<EngineError> {
  const error = await run.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(EngineError);
  return error as EngineError;
}

/** The program runs on as if nothing had been, and no dump is there. */
export async function unharmed(target: Target, images: string): Promise<void> {
  expect(target.held()).toEqual([]);
  await target.advance();
  expect(existsSync(join(images, 'inventory.img'))).toBe(false);
}
