import { isPackageName } from '@criujs/plugin-host/facts';
import { UsageError } from '../usage-error.ts';

/** A package by its name, as the registry has it. */
export interface PackageSpec {
  readonly name: string;
  /** A version, a range or a tag; absent: the latest. */
  readonly wanted?: string;
  /** As npm takes it. */
  readonly text: string;
}

/** Reads `NAME` or `NAME@VERSION`; null: it is something else. Nothing else gets to npm, which takes addresses and folders, too. */
export function readSpec(text: string): PackageSpec | null {
  const [, name, wanted] = /^(@?[^@]+)(?:@([\w.^~<>=*+-]+))?$/.exec(text) ?? [];
  if (name === undefined || !isPackageName(name) || wanted?.startsWith('-')) return null;
  return wanted === undefined ? { name, text: name } : { name, wanted, text: `${name}@${wanted}` };
}

/** @throws UsageError it is not a name */
export function demandSpec(text: string): PackageSpec {
  const spec = readSpec(text);
  if (spec !== null) return spec;
  throw new UsageError(
    `${text} is not the name of a package`,
    'Give a name as npm has it, perhaps with a version: criu-plugin-gpu, @you/criu-plugin-gpu@1.2.0.',
  );
}
