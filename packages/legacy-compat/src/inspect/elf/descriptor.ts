import { invalid } from '../invalid.ts';
import { damaged } from './bytes.ts';
import type { Image, Range } from './image.ts';
import type { Pointers, Target } from './relocations.ts';
import type { DynamicSymbol } from './symbols.ts';

/** A `CR_PLUGIN_DESC` as it lies in the file. */
export interface Descriptor {
  readonly name: string;
  readonly init: Target | null;
  readonly exit: Target | null;
  readonly version: number;
  readonly maxHooks: number;
  /** Where the number of its hooks is in memory. */
  readonly counted: number;
  /** The pointers to hooks that the file holds, by number. CRIU's macros set them only when the object is loaded. */
  readonly hooks: readonly (Target | null)[];
  /** Where all of it is in memory, and where its list of hooks. */
  readonly whole: Range;
  readonly list: Range;
}

/** Three pointers and two 32-bit numbers come before the list of hooks (cr_plugin_desc_t in CRIU's criu-plugin.h). */
const listOffset = 32;
const longestName = 255;
/** More than any header has ever declared; CRIU refuses from 16 on. */
const mostHooks = 1024;

/**
 * Reads the descriptor with its pointers resolved.
 * @throws PluginError PLUGIN_INVALID
 */
export function readDescriptor(image: Image, symbol: DynamicSymbol, pointers: Pointers): Descriptor {
  const { path } = image.file;
  const { address, size } = symbol;
  if (size !== 0 && size < listOffset) throw damaged(path, `its CR_PLUGIN_DESC has ${size} bytes`);
  const maxHooks = image.u32(address + 28);
  if (maxHooks > mostHooks) throw damaged(path, `its CR_PLUGIN_DESC declares ${maxHooks} hooks`);
  // It may declare more than it has room for: what lies behind it is something else. Where it is counted while it is loaded it
  // declares none in the file.
  const room = size === 0 ? maxHooks : Math.min(mostHooks, Math.floor((size - listOffset) / 8));
  const list = { start: address + listOffset, size: room * 8 };
  return {
    name: nameOf(image, pointers.at(address)),
    init: pointers.at(address + 8),
    exit: pointers.at(address + 16),
    version: image.u32(address + 24),
    maxHooks,
    counted: address + 28,
    hooks: Array.from({ length: room }, (_, number) => {
      const place = list.start + number * 8;
      return number < maxHooks ? pointers.at(place) : pointers.peek(place);
    }),
    whole: { start: address, size: listOffset + list.size },
    list,
  };
}

function nameOf(image: Image, target: Target | null): string {
  const { path } = image.file;
  const text =
    target?.address === undefined || target.address === null ? null : image.text(target.address, longestName + 1);
  if (text !== null && text !== '') return text;
  throw invalid(path, 'its CR_PLUGIN_DESC has no name', 'Give it one: CR_PLUGIN_REGISTER("name", init, exit).');
}
