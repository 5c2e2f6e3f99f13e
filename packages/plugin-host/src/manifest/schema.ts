import { type HookName, hookTable, type PluginManifest } from '@criujs/plugin-sdk';
import {
  array,
  description,
  exactOptional,
  type GenericSchema,
  integer,
  maxLength,
  maxValue,
  metadata,
  minLength,
  minValue,
  number,
  type ObjectEntries,
  type ObjectIssue,
  object,
  picklist,
  pipe,
  regex,
  string,
  union,
} from 'valibot';

/*
 * The one source of what the field `criu` of a package.json may be: `readManifest` checks with it, and the schema that the SDK
 * publishes for editors is made from it (`published.ts`). The types are in the SDK, which imports nothing; the compiler compares.
 */

/** No list is longer. */
const longestList = 128;
const longestText = 256;
/** Device numbers have 12 and 20 bits (makedev(3), `MINORBITS`). */
const largestMajor = 4095;
const largestMinor = 1048575;

/** No control characters, nor anything outside of Unicode's first plane: both sorts of regular expressions agree on that. */
const plainText = /^[ -~\u00a0-\ud7ff\ue000-\uffff]*$/;

const hookNames = Object.keys(hookTable) as HookName[];
const patternWords = '`*` stands for any characters but `/`, `**` for any characters, all else for itself.';

const text = (about: string, valid: RegExp, wanted: string, longest = longestText) =>
  pipe(
    string(`must be text: ${wanted}`),
    minLength(1, `must not be empty: ${wanted}`),
    maxLength(longest, `must not be longer than ${longest} characters`),
    regex(valid, `must be ${wanted}`),
    description(about),
  );

const pattern = (about: string) => text(`${about} ${patternWords}`, plainText, 'a pattern without control characters');

const count = (about: string, least: number, most: number) => {
  const words = `must be a whole number from ${least} to ${most}`;
  return pipe(number(words), integer(words), minValue(least, words), maxValue(most, words), description(about));
};

const list = <S extends GenericSchema>(item: S, about: string) =>
  pipe(
    array(item, 'must be a list'),
    maxLength(longestList, `must not have more than ${longestList} entries`),
    description(about),
  );

const fields = <E extends ObjectEntries>(entries: E) =>
  object(entries, ({ expected }: ObjectIssue) => (expected === 'Object' ? 'must be an object' : 'is missing'));

const device = fields({
  path: pattern('The usual node of the device, such as `/dev/nvidia*`.'),
  kind: exactOptional(
    pipe(
      picklist(['character', 'block'], 'must be "character" or "block"'),
      description('Character device, the default, or block device.'),
    ),
  ),
  major: exactOptional(count('The major number, where it is fixed.', 0, largestMajor)),
  minor: exactOptional(
    union(
      [
        count('One minor number.', 0, largestMinor),
        pipe(
          fields({
            from: count('The first minor number.', 0, largestMinor),
            to: count('The last minor number.', 0, largestMinor),
          }),
          description('Several minor numbers, both ends included.'),
        ),
      ],
      `must be a whole number from 0 to ${largestMinor}, or an object with from and to`,
    ),
  ),
  driver: exactOptional(
    text(
      'The name of the driver in /proc/devices or /proc/misc, where the kernel chooses the number.',
      /^[!-~]+$/,
      'a name as in /proc/devices',
      64,
    ),
  ),
});

const resources = fields({
  devices: exactOptional(
    list(
      pipe(device, description('Where a number or the driver is given, that decides; otherwise the path does.')),
      'Devices that are open (DUMP_EXT_FILE) or mapped into memory (HANDLE_DEVICE_VMA).',
    ),
  ),
  sockets: exactOptional(
    list(
      pattern('The path of either end; `@` stands first for a name in the abstract namespace.'),
      'Unix sockets whose peer is outside the dumped tree (DUMP_UNIX_SK).',
    ),
  ),
  files: exactOptional(
    list(
      pattern('What the link in /proc/PID/fd says, such as `/opt/radio/**` or `anon_inode:[radio]`.'),
      'Other files that the engine cannot dump itself (DUMP_EXT_FILE).',
    ),
  ),
  mounts: exactOptional(list(pattern('The mount point.'), 'External mounts (DUMP_EXT_MOUNT).')),
  links: exactOptional(
    list(pattern('The kind that rtnetlink(7) gives, such as `wireguard`.'), 'Network links (DUMP_EXT_LINK).'),
  ),
});

const tool = fields({
  name: text('The command, as it is looked up in PATH.', /^[A-Za-z0-9_][\w.+-]*$/, 'the name of a command', 64),
  version: exactOptional(text('Which versions will do, in words: `550 or later`.', plainText, 'one line of text', 64)),
});

/** The field itself. */
export const manifestSchema: GenericSchema<unknown, PluginManifest> = pipe(
  fields({
    plugin: text(
      "The plugin's name, as its code has it: definePlugin({ name }).",
      /^[a-z0-9][a-z0-9-]*$/,
      'small letters, digits and dashes, a letter or digit first',
    ),
    apiVersion: count('The version of the plugin contract that its code is written against.', 1, 1000000),
    hooks: list(
      picklist(hookNames, `must be a hook: one of ${hookNames.join(', ')}`),
      'All hooks that the plugin registers.',
    ),
    imageVersion: exactOptional(
      count('The version of what the plugin writes into its part of the images; 1 by default.', 1, 2 ** 53 - 1),
    ),
    resources: exactOptional(pipe(resources, description('What the plugin takes at a dump.'))),
    tools: exactOptional(list(tool, 'Programs that the plugin runs.')),
  }),
  metadata({ title: 'A plugin for criujs' }),
  description('What a package says about its plugin, readable without running its code.'),
);
