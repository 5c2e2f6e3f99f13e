import type { HookName } from '@criujs/plugin-sdk';

/** What was read of a plugin without running it, discriminated by `format`. */
export type Inspection = CInspection | ElfInspection | JavaScriptInspection;

/** A plugin as text in C. */
export interface CInspection extends Findings {
  readonly format: 'c';
  readonly structure: OldStructureName;
  /** Headers from inside of CRIU, which no release installs: it compiles only with that CRIU's source. */
  readonly internalHeaders: readonly InternalHeader[];
  /** Paths of devices that stand in it as texts, in their order. */
  readonly devices: readonly string[];
}

/** An `#include` of a header from inside of CRIU. */
export interface InternalHeader {
  readonly header: string;
  /** From the folder of the plugin's source. */
  readonly file: string;
  readonly line: number;
}

/** A compiled plugin, for 64-bit machines. */
export interface ElfInspection extends Findings {
  readonly format: 'elf';
  readonly structure: OldStructureName;
  /** As `uname -m` calls it: `x86_64`, `aarch64` …; `machine 8` where the number has no name here. */
  readonly machine: string;
  readonly byteOrder: 'little' | 'big';
  /**
   * How many hooks its descriptor declares once it is loaded: a CRIU that knows fewer refuses it. null: the old structure declares
   * none, or only loading it tells.
   */
  readonly maxHooks: number | null;
  /** The version as a descriptor keeps it, a byte for each part: 0x200 is 0.2.0. */
  readonly versionNumber: number;
  /** Libraries that it names (DT_NEEDED in elf(5)). */
  readonly libraries: readonly string[];
  /** All symbols that it takes from elsewhere. */
  readonly symbols: readonly NeededSymbol[];
  /** Whether every symbol must be there when it is loaded (`-z now`), and not only when it is first called. */
  readonly bindNow: boolean;
}

/** A module in JavaScript or TypeScript. */
export interface JavaScriptInspection extends Findings {
  readonly format: 'javascript';
  /** `today`: it calls `definePlugin`; of that only what the text says is known. */
  readonly structure: OldStructureName | 'today';
  /** Whether a current plugin has a schema for its options. null: its text does not tell, or it is an older one. */
  readonly hasOptions: boolean | null;
}

/** `descriptor`: it has a `CR_PLUGIN_DESC`; `functions`: the older structure of functions with fixed names. */
export type OldStructureName = 'descriptor' | 'functions';

/** What every format tells. */
export interface Findings {
  /** The file, for messages. */
  readonly path: string;
  /** As the descriptor has it; null: it has none, or it cannot be read. */
  readonly name: string | null;
  /** Of the structure: 0.2.0, or 0.1.0 as CRIU gives it to functions. A current plugin has its own here. */
  readonly version: string | null;
  readonly init: OriginalFunction | null;
  readonly exit: OriginalFunction | null;
  /** In the order of CRIU's numbers. */
  readonly hooks: readonly InspectedHook[];
  /** What it registers and nobody knows: CRIU never calls it. */
  readonly unknown: readonly UnknownHook[];
  /** Whether the file told all of this; if not, `notes` say what it did not. */
  readonly complete: boolean;
  /** What a reader should know: what could not be read, what is strange. */
  readonly notes: readonly string[];
}

/** A function of the plugin's. */
export interface OriginalFunction {
  /** null: it has none, or the file does not tell (a stripped one). */
  readonly name: string | null;
}

/** A hook that a plugin registers. */
export interface InspectedHook {
  readonly hook: HookName;
  /** The name of its function; null as in {@link OriginalFunction}. */
  readonly function: string | null;
  /** What its author calls the function's arguments, `''` for one without a name; null: the file does not tell. */
  readonly parameters: readonly string[] | null;
}

/** One that is not a hook of CRIU. */
export interface UnknownHook {
  /** Its name, or its number in digits. */
  readonly hook: string;
  readonly function: string | null;
}

/** A symbol that a compiled plugin takes from elsewhere. */
export interface NeededSymbol {
  readonly name: string;
  /** It may be missing. */
  readonly weak: boolean;
  /** The library whose version of it is wanted; null: it says none, as all symbols of the program that loads the plugin. */
  readonly library: string | null;
  /** Whether it is a variable or else needed at once: those must be there even where functions are looked up when called. */
  readonly atOnce: boolean;
}
