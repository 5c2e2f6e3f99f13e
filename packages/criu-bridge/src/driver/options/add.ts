import type { InheritedFd } from '@criujs/engine-kit';
import type { CriuOptions } from '../options.ts';
import { findOption } from './names.ts';

/** What a run itself adds to lists of CRIU's options. */
interface Lists {
  readonly external: readonly string[];
  readonly inheritFd: readonly InheritedFd[];
}

/** An option that is a list: what the run itself asks for comes behind what the user has for CRIU, by whichever name. */
export function withOption<K extends keyof Lists>(options: CriuOptions, key: K, more: Lists[K]): CriuOptions {
  if (more.length === 0) return options;
  const isIt = (name: string): boolean => findOption(name).key === key;
  const given: [string, unknown][] = Object.entries(options.options ?? {});
  const before = given.flatMap(([name, value]) => (isIt(name) && Array.isArray(value) ? value : []));
  const others = given.filter(([name]) => !isIt(name));
  return { ...options, options: Object.fromEntries([...others, [key, [...before, ...more]]]) };
}
