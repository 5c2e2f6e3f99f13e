import type { PluginManifest } from '@criujs/plugin-sdk';

/** What is known of a plugin's code; null where it cannot be told. */
export interface CodeFacts {
  readonly plugin: string | null;
  readonly apiVersion: number | null;
  readonly imageVersion: number | null;
  readonly hooks: readonly string[];
  /** Whether these are all hooks that it has. */
  readonly complete: boolean;
}

/** A field in which a manifest is not what the code is. */
export interface ManifestDifference {
  /** `criu.hooks`. */
  readonly path: string;
  /** What differs, as a sentence without its end. */
  readonly message: string;
  /** What the manifest is to say there, as JSON. */
  readonly expected: string;
}

/** Compares a manifest with the code of its plugin: name, hooks and versions. */
export function compareManifest(manifest: PluginManifest, code: CodeFacts): readonly ManifestDifference[] {
  const { plugin, apiVersion, hooks, imageVersion = 1 } = manifest;
  return [
    ...value('plugin', plugin, code.plugin),
    ...value('apiVersion', apiVersion, code.apiVersion),
    ...hookDifferences(hooks, code),
    ...value('imageVersion', imageVersion, code.imageVersion),
  ];
}

function value(field: string, said: string | number, is: string | number | null): ManifestDifference[] {
  if (is === null || said === is) return [];
  const message = `criu.${field} is ${JSON.stringify(said)}, and the code has ${JSON.stringify(is)}`;
  return [{ path: `criu.${field}`, message, expected: JSON.stringify(is) }];
}

function hookDifferences(said: readonly string[], { hooks, complete }: CodeFacts): ManifestDifference[] {
  const missing = hooks.filter((it) => !said.includes(it));
  const tooMany = complete ? said.filter((it) => !hooks.includes(it)) : [];
  const twice = said.filter((it, at) => said.indexOf(it) !== at);
  const parts = [
    ...(missing.length === 0 ? [] : [`lacks ${missing.join(', ')}`]),
    ...(tooMany.length === 0 ? [] : [`has ${tooMany.join(', ')}, which the code does not register`]),
    ...(twice.length === 0 ? [] : [`has ${twice.join(', ')} twice`]),
  ];
  if (parts.length === 0) return [];
  const all = complete ? hooks : [...new Set([...said, ...hooks])];
  return [{ path: 'criu.hooks', message: `criu.hooks ${parts.join(' and ')}`, expected: JSON.stringify(all) }];
}
