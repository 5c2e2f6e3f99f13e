import type { HookName } from './hooks.ts';

// Types by which the compiler refuses what definePlugin and hook would refuse at run time, in words: their type arguments.

declare const mistake: unique symbol;

/**
 * Never a value: it stands beside the names of hooks, so that the compiler's error about another name lists them all. A union of
 * 15 names is shortened there.
 */
export interface OneOf<Names extends string> {
  readonly [mistake]: Names;
}

/** The names of all hooks, in the order of {@link hookTable}. */
export type HookList =
  'DUMP_UNIX_SK, RESTORE_UNIX_SK, DUMP_EXT_FILE, RESTORE_EXT_FILE, DUMP_EXT_MOUNT, RESTORE_EXT_MOUNT, DUMP_EXT_LINK, HANDLE_DEVICE_VMA, UPDATE_VMA_MAP, RESUME_DEVICES_LATE, PAUSE_DEVICES, CHECKPOINT_DEVICES, POST_FORKING, RESTORE_INIT, DUMP_DEVICES_LATE';

/** The names of the hooks that have a batch form. */
export type BatchList = 'RESUME_DEVICES_LATE, PAUSE_DEVICES, CHECKPOINT_DEVICES';

/** Never a value: what is wrong with a plugin. */
export interface Mistake<Text extends string> {
  readonly [mistake]: Text;
}

type Letter =
  | 'a'
  | 'b'
  | 'c'
  | 'd'
  | 'e'
  | 'f'
  | 'g'
  | 'h'
  | 'i'
  | 'j'
  | 'k'
  | 'l'
  | 'm'
  | 'n'
  | 'o'
  | 'p'
  | 'q'
  | 'r'
  | 's'
  | 't'
  | 'u'
  | 'v'
  | 'w'
  | 'x'
  | 'y'
  | 'z'
  | '0'
  | '1'
  | '2'
  | '3'
  | '4'
  | '5'
  | '6'
  | '7'
  | '8'
  | '9';

type AllUsable<Text extends string> = Text extends `${infer First}${infer Rest}`
  ? First extends Letter | '-'
    ? AllUsable<Rest>
    : false
  : true;

type IsUsable<Name extends string> = Name extends '' | `-${string}` ? false : AllUsable<Name>;

/** The name itself, if it is usable or known only at run time. */
export type CheckedName<Name extends string> = string extends Name
  ? Name
  : IsUsable<Name> extends true
    ? Name
    : Mistake<'a name has small letters, digits and dashes, a letter or digit first'>;

declare const registers: unique symbol;

/** Only the compiler sees it: which hook a registration is of. Registrations of all hooks fit into one list nevertheless. */
export interface Registers<Name extends HookName> {
  readonly [registers]?: Only<Name>;
}

// biome-ignore lint/suspicious/noEmptyInterface: with a member, those of two hooks would not fit into one list
// biome-ignore lint/correctness/noUnusedVariables: it is read with infer
interface Only<Name extends string> {}

/** The hook of a registration; never where it is known only at run time. */
type NameOf<Registration> = Registration extends { readonly [registers]?: Only<infer Name> } ? Single<Name> : never;

type Single<Name extends string, All = Name> = string extends Name
  ? never
  : Name extends unknown
    ? [All] extends [Name]
      ? Name
      : never
    : never;

type Before<All extends readonly unknown[], Index, Seen extends readonly unknown[] = []> = All extends readonly [
  infer First,
  ...infer Rest,
]
  ? `${Seen['length']}` extends Index
    ? NameOf<Seen[number]>
    : Before<Rest, Index, [...Seen, First]>
  : never;

/**
 * The same list, with a mistake in the place of a second handler of one hook. A list of unknown length is not checked. The first
 * branch is never taken: the list is inferred from it.
 */
export type CheckedHooks<Hooks extends readonly unknown[]> = [Hooks] extends [never] ? Hooks : EachChecked<Hooks>;

type EachChecked<Hooks extends readonly unknown[]> = Hooks extends unknown
  ? number extends Hooks['length']
    ? readonly unknown[]
    : {
        readonly [Index in keyof Hooks]: NameOf<Hooks[Index]> & Before<Hooks, Index> extends never
          ? unknown
          : Mistake<`two handlers of ${NameOf<Hooks[Index]>}: merge them into one that checks its argument`>;
      }
  : never;
