import type { HookName, ManifestResources } from '@criujs/plugin-sdk';
import type { KindId } from '../../answers.ts';

/** One of the things that a plugin can handle: what is made of it in a new project. */
export interface Kind {
  readonly id: KindId;
  /** In the plugin's README: what it is for its user. */
  readonly title: string;
  /** What the example does, in half a sentence. */
  readonly what: string;
  /** Under which name index.ts imports `src/ID.ts`. */
  readonly module: string;
  /** In the order of CRIU's numbers. */
  readonly hooks: readonly KindHook[];
  /** What the example takes, for the manifest. */
  readonly resources: ManifestResources;
  /** Whether its module exports these. */
  readonly init: boolean;
  readonly exit: boolean;
  /** The embedded engine calls its hooks; of the others only a real CRIU asks. */
  readonly embedded: boolean;
  /** Files beside `src/ID.ts` and `test/ID.test.ts`. */
  readonly files: readonly string[];
  /** The option by which its user says what is theirs, when the plugin has options. */
  readonly option: KindOption;
}

/** A hook, and the functions of the kind's module that serve it. */
export interface KindHook {
  readonly hook: HookName;
  readonly handler: string;
  readonly claim?: string;
}

export interface KindOption {
  readonly name: string;
  readonly meaning: string;
  /** In words of Markdown. */
  readonly byDefault: string;
  /** A value as one may write it in TypeScript. */
  readonly example: string;
  /** The same for a command line: `.0=/dev/radio`, or null where no example is of use. */
  readonly argument: string | null;
}
