import { resolve, sep } from 'node:path';
import { readPlain } from '../read-plain.ts';
import { type Exports, readExports } from './exports.ts';
import { jsonExports } from './json.ts';
import { budget, type Modules } from './modules.ts';
import { parse } from './parse.ts';

/** Of one plugin, together: a generator of modules would not end. */
const most = { modules: 200, bytes: 8 << 20 };

/** What may be left out of a specifier, or stands for the source of what it names. */
const endings: readonly string[] = ['.ts', '.js', '.mts', '.mjs', '.cts', '.cjs', '.json'];

/**
 * Reads the modules that a module names by relative paths, as text. Those of packages are not read: they say nothing about
 * this plugin.
 */
export function moduleFiles(path: string): Modules {
  const spend = budget();
  /** null: it is being read, or cannot be. */
  const known = new Map<string, Exports | null>();
  let bytes = 0;
  return from(path);

  function from(importer: string): Modules {
    return {
      spend,
      open: (specifier) => (/^\.\.?\//.test(specifier) ? find(resolve(importer, '..', specifier)) : null),
    };
  }

  function find(wanted: string): Exports | null {
    for (const file of candidates(wanted)) {
      const found = known.get(file);
      if (found !== undefined) return found;
      const text = textOf(file);
      if (text === null) continue;
      known.set(file, null);
      const exports = exportsOf(text, file);
      known.set(file, exports);
      return exports;
    }
    return null;
  }

  function textOf(file: string): string | null {
    if (known.size >= most.modules) return null;
    try {
      const data = readPlain(file, most.bytes - bytes);
      if ('kind' in data) return null;
      bytes += data.byteLength;
      return data.toString();
    } catch {
      return null;
    }
  }

  function exportsOf(text: string, file: string): Exports | null {
    try {
      return file.endsWith('.json') ? jsonExports(text) : readExports(parse(text, file), from(file));
    } catch {
      // What is no module leaves open what it would have exported.
      return null;
    }
  }
}

/** As Node and translators of TypeScript look for it. */
function candidates(wanted: string): readonly string[] {
  const source = wanted.replace(/\.([cm]?)js$/, '.$1ts');
  const whole = [wanted, ...(source === wanted ? [] : [source])];
  return [...whole, ...endings.flatMap((it) => [`${wanted}${it}`, `${wanted}${sep}index${it}`])];
}
