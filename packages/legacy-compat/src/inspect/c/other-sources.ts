import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readPlain } from '../read-plain.ts';

/** Of a folder. More is not one plugin's. */
const most = { files: 100, bytes: 1 << 20 };

/**
 * Sources beside one that register hooks and no plugin: where a plugin has several, one says what it is, and all may have hooks.
 * @param read what is part of it already
 * @returns where each of them does so
 */
export function otherSources(path: string, read: readonly string[]): readonly string[] {
  const folder = dirname(path);
  const names = readdirSync(folder).filter((it) => /\.(c|cc|cpp|cxx)$/i.test(it) && join(folder, it) !== path);
  return names
    .filter((it) => !read.includes(join(folder, it)))
    .slice(0, most.files)
    .flatMap((name) => {
      const line = registersIn(join(folder, name));
      return line === null ? [] : [`${name}:${line}`];
    });
}

/** The line of its first hook; null: it has none, or is a plugin of its own. */
function registersIn(path: string): number | null {
  try {
    const data = readPlain(path, most.bytes);
    if ('kind' in data) return null;
    const text = data.toString('latin1');
    const at = text.search(/\bCR_PLUGIN_REGISTER_HOOK\s*\(/);
    const isOwn = /\bCR_PLUGIN_REGISTER(_DUMMY)?\s*\(|\bCR_PLUGIN_DESC\s*=/.test(text);
    return at < 0 || isOwn ? null : text.slice(0, at).split('\n').length;
  } catch {
    return null;
  }
}
