import { type OldSymbol, oldSymbols } from '../../symbols.ts';
import { type Registration, sortHooks } from '../hook-names.ts';
import type { ElfInspection, OriginalFunction } from '../inspection.ts';
import { invalid } from '../invalid.ts';
import { functionsVersion, versionText } from '../versions.ts';
import { readConstructors } from './constructors.ts';
import { type Descriptor, readDescriptor } from './descriptor.ts';
import { type Dynamic, readDynamic } from './dynamic.ts';
import { type FunctionNames, readFunctionNames } from './function-names.ts';
import { type Image, readImage } from './image.ts';
import { type Pointers, readPointers, type Target } from './relocations.ts';
import { type DynamicSymbol, neededSymbols, readSymbols } from './symbols.ts';

type Plugin = Omit<ElfInspection, 'format' | 'path' | 'machine' | 'byteOrder' | 'libraries' | 'symbols' | 'bindNow'>;

/**
 * Reads a compiled plugin: which structure it has, its name, its hooks and what it needs. Nothing of it is run, and nothing
 * in it is trusted.
 * @throws PluginError PLUGIN_INVALID: it is damaged, for a 32-bit machine, no shared object, or no plugin
 */
export function inspectElf(data: Uint8Array, path: string): ElfInspection {
  const image = readImage(data, path);
  const dynamic = readDynamic(image);
  const symbols = readSymbols(image, dynamic);
  const pointers = readPointers(image, dynamic, symbols);
  const plugin = readPlugin({ image, dynamic, symbols, pointers });
  return {
    format: 'elf',
    path,
    ...plugin,
    machine: image.machine.name,
    byteOrder: image.file.little ? 'little' : 'big',
    libraries: dynamic.all('needed').map((offset) => dynamic.text(offset) ?? ''),
    symbols: neededSymbols(symbols, pointers.atOnce),
    bindNow: bindsNow(dynamic),
  };
}

interface Object64 {
  readonly image: Image;
  readonly dynamic: Dynamic;
  readonly symbols: readonly (DynamicSymbol | null)[];
  readonly pointers: Pointers;
}

function readPlugin(object: Object64): Plugin {
  const own = object.symbols.filter((it): it is DynamicSymbol => it?.defined === true);
  const descriptor = own.find((it) => it.name === 'CR_PLUGIN_DESC');
  if (descriptor !== undefined) return readDescribed(object, descriptor);
  const functions = own.filter((it) => !it.isObject && it.name.startsWith('cr_plugin_'));
  if (functions.length > 0) return readFunctions(functions.map((it) => it.name));
  const what = 'it exports neither CR_PLUGIN_DESC nor a function of the old structure (cr_plugin_init and its like)';
  throw invalid(
    object.image.file.path,
    what,
    'Write CR_PLUGIN_REGISTER("name", init, exit) in it, and keep it visible.',
  );
}

function readFunctions(names: readonly string[]): Plugin {
  const known = names.filter((name): name is OldSymbol => Object.hasOwn(oldSymbols, name));
  const registrations = names.flatMap((name): Registration[] => {
    const target = Object.hasOwn(oldSymbols, name) ? oldSymbols[name as OldSymbol] : name;
    return target === 'init' || target === 'exit' ? [] : [{ key: target, function: name }];
  });
  return {
    structure: 'functions',
    name: null,
    version: versionText(functionsVersion),
    versionNumber: functionsVersion,
    maxHooks: null,
    init: known.includes('cr_plugin_init') ? { name: 'cr_plugin_init' } : null,
    exit: known.includes('cr_plugin_fini') ? { name: 'cr_plugin_fini' } : null,
    ...sortHooks(registrations),
    complete: true,
    notes: [],
  };
}

function readDescribed(object: Object64, symbol: DynamicSymbol): Plugin {
  const { image, dynamic, pointers } = object;
  const descriptor = readDescriptor(image, symbol, pointers);
  const names = readFunctionNames(image, object.symbols);
  const constructed = readConstructors(image, dynamic, pointers, descriptor);
  const written = descriptor.hooks.flatMap((target, number) => (target === null ? [] : [[number, target] as const]));
  const set = new Map<number, Target | null>([...written, ...constructed.hooks]);
  const unread = constructed.unread.map((address) => names(address)).filter((it) => it !== null);
  const complete = constructed.unread.length === 0 && !constructed.initUnread;
  const declared = Math.max(descriptor.maxHooks, constructed.declared ?? 0);
  // Where it is counted by code that was not followed, nobody knows.
  const maxHooks = !complete && descriptor.maxHooks === 0 ? null : declared;
  const beyond = [...set.keys()].filter((number) => number >= (maxHooks ?? Number.POSITIVE_INFINITY));
  for (const number of beyond) set.delete(number);
  return {
    structure: 'descriptor',
    name: descriptor.name,
    version: versionText(descriptor.version),
    versionNumber: descriptor.version,
    maxHooks,
    init: functionOf(descriptor.init, names, 'cr_plugin_dummy_init'),
    exit: functionOf(descriptor.exit, names, 'cr_plugin_dummy_exit'),
    ...sortHooks([...set].map(([key, target]) => ({ key, function: nameOf(target, names) }))),
    complete,
    notes: [
      ...notesOf(declared, descriptor),
      ...beyond.map(
        (number) => `it sets a hook with the number ${number}, and declares ${declared}: CRIU does not see it`,
      ),
      ...unreadNotes(constructed.unread.length, unread, image.machine.name),
      ...(constructed.initUnread ? ['its init does something to the list of hooks that could not be followed'] : []),
    ],
  };
}

/** `dummy`: what CRIU's CR_PLUGIN_REGISTER_DUMMY puts there, which is not a function of the plugin. */
function functionOf(target: Target | null, names: FunctionNames, dummy: string): OriginalFunction | null {
  const name = nameOf(target, names);
  return target === null || name === dummy ? null : { name };
}

function nameOf(target: Target | null, names: FunctionNames): string | null {
  return target?.symbol ?? (target?.address == null ? null : names(target.address));
}

function notesOf(maxHooks: number, { list }: Descriptor): string[] {
  const room = list.size / 8;
  return room < maxHooks ? [`its CR_PLUGIN_DESC declares ${maxHooks} hooks and has room for ${room}`] : [];
}

/** CRIU's macro names its constructor after the function that it registers. */
function unreadNotes(count: number, names: readonly string[], machine: string): string[] {
  if (count === 0) return [];
  const prefix = 'cr_plugin_register_hook_';
  const functions = names.filter((it) => it.startsWith(prefix)).map((it) => it.slice(prefix.length));
  const which = functions.length === 0 ? '' : `; by their names they register ${functions.join(', ')}`;
  return [`${count} of its constructors could not be followed (${machine}): they may register more hooks${which}`];
}

/** DF_BIND_NOW is 8 in DT_FLAGS, DF_1_NOW 1 in DT_FLAGS_1. */
function bindsNow(dynamic: Dynamic): boolean {
  const flags = dynamic.get('flags') ?? 0;
  const flags1 = dynamic.get('flags1') ?? 0;
  return dynamic.get('bindNow') !== undefined || (flags & 8) !== 0 || (flags1 & 1) !== 0;
}
