import type { HookName } from '@criujs/plugin-sdk';

/** What a plugin can handle, in the order in which it is offered. Several may be chosen. */
export const kindIds = [
  'external-file',
  'unix-socket',
  'external-mount',
  'network-link',
  'mapped-device',
  'accelerator',
  'lifecycle',
] as const;

export type KindId = (typeof kindIds)[number];

export const packageManagers = ['npm', 'pnpm', 'yarn', 'bun'] as const;

export type PackageManager = (typeof packageManagers)[number];

/** SPDX identifiers whose texts are shipped; `UNLICENSED` keeps all rights. */
export const licences = ['MIT', 'Apache-2.0', 'ISC', 'BSD-3-Clause', 'MPL-2.0', 'UNLICENSED'] as const;

export type Licence = (typeof licences)[number];

/** Everything that is known before the first file is written: the answers to all questions, checked. */
export interface Answers {
  /** Absolute. */
  readonly folder: string;
  /** As npm accepts it. */
  readonly packageName: string;
  /** The plugin's own name, `[a-z0-9][a-z0-9-]*`. */
  readonly pluginName: string;
  readonly description: string;
  /** At least one; `lifecycle` alone when the plugin has no hooks. Empty only where `ported` says which hooks there are. */
  readonly handles: readonly KindId[];
  /** Whether the plugin has an options schema. */
  readonly options: boolean;
  readonly packageManager: PackageManager;
  readonly licence: Licence;
  /** `Name <email>`, as git knows it; null where nothing is known. */
  readonly author: string | null;
  readonly year: number;
  readonly git: boolean;
  readonly ci: boolean;
  readonly install: boolean;
  /** An existing plugin whose hooks the new one gets. */
  readonly ported: PortedPlugin | null;
  /** What the example holds and the ported plugin is asked about: the path of a device or file. null: none. */
  readonly device: string | null;
}

/** What was read of an existing plugin, without running it. */
export interface PortedPlugin {
  /** The file as the user named it. */
  readonly source: string;
  readonly format: 'c' | 'elf' | 'javascript';
  readonly structure: 'descriptor' | 'functions';
  readonly name: string | null;
  /** The original functions' names; null where there is none, `''` where it has no name (a stripped file). */
  readonly init: string | null;
  readonly exit: string | null;
  readonly hooks: readonly PortedHookName[];
  /** Names of what it registers and no CRIU knows. */
  readonly unknown: readonly string[];
  /** `3 hooks read: …` */
  readonly hooksRead: string;
  /** Whether its file told all of its hooks; if not, `notes` say what it did not. */
  readonly complete: boolean;
  readonly notes: readonly string[];
  /** Paths of devices that its text names. */
  readonly devices: readonly string[];
}

/** A hook of an existing plugin. */
export interface PortedHookName {
  readonly hook: HookName;
  /** The original function's name; `''`: it has none. */
  readonly function: string;
  /** What its author calls its arguments; null: its file does not tell. */
  readonly parameters: readonly string[] | null;
}

/** One file of the new project. */
export interface ProjectFile {
  /** Relative to the project's folder, with slashes. */
  readonly path: string;
  readonly content: string;
  readonly executable: boolean;
}

/** Which template made a project; raised with every change that `update` brings to existing projects. */
export const templateVersion = 3;

/** Where a project keeps what it was made with: its template version and the answers that migrations need. */
export const projectRecordName = '.criu-plugin.json';

export interface ProjectRecord {
  readonly template: number;
  /** The version of create-criu-plugin that made or last updated it. */
  readonly createdWith: string;
  readonly handles: readonly KindId[];
  readonly options: boolean;
}
