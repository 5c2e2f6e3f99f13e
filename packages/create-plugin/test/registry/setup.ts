import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { publishAll } from './publish.ts';
import { startRegistry } from './registry.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The registry that has all packages of the checkout; ends with a slash. */
    readonly registry: string;
  }
}

/** Once for all tests of this folder: the registry, with everything published to it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const registry = await startRegistry();
  const folder = mkdtempSync(join(tmpdir(), 'criujs-publish-'));
  try {
    await publishAll(registry.url, folder);
  } catch (error) {
    const complaints = registry.complaints();
    await registry.close();
    throw new Error(`the packages could not be published\n${complaints}`, { cause: error });
  } finally {
    rmSync(folder, { recursive: true });
  }
  project.provide('registry', registry.url);
  return registry.close;
}
