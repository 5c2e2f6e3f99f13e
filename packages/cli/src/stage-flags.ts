import {
  type CgroupRoot,
  type CriuConfig,
  type GivenOptions,
  type InheritedFd,
  type OptionStage,
  optionRows,
} from '@criujs/core';
import { type Command, Option } from 'commander';
import { parseCgroupRoot } from './parse-cgroup-root.ts';
import { parseInherited } from './parse-inherited.ts';
import { collect } from './shared-flags.ts';
import { parseSize } from './units.ts';

type Kind = ReturnType<typeof optionRows>[number]['kind'];

/** How the text of a value is read; null: it has none. */
const parsers: { readonly [K in Kind]: ((flag: string) => (text: string, previous: never) => unknown) | null } = {
  switch: null,
  size: parseSize,
  choice: null,
  externals: () => collect,
  descriptors:
    () =>
    (text: string, previous: readonly InheritedFd[] = []) => [...previous, parseInherited(text)],
  cgroupRoots:
    () =>
    (text: string, previous: readonly CgroupRoot[] = []) => [...previous, parseCgroupRoot(text)],
  directory: () => (text: string) => text,
};

/** Adds the flags of a dump or of a restore: what it is allowed, and given. */
export function withStage(command: Command, stage: OptionStage): Command {
  for (const { kind, flag, letter, argument, choices, preset, [stage]: words } of optionRows(stage)) {
    const names = letter === undefined ? flag : `${letter}, ${flag}`;
    const option = new Option(argument === undefined ? names : `${names} ${argument}`, words);
    if (choices !== undefined) option.choices(Object.keys(choices));
    if (preset !== undefined) option.preset(preset);
    const parse = parsers[kind]?.(flag);
    command.addOption(parse === undefined ? option : option.argParser(parse as (text: string) => unknown));
  }
  return command;
}

/** What the command line and the configuration give: lists are joined, and of the rest the command line wins. */
export function givenOptions<S extends OptionStage>(
  stage: S,
  config: CriuConfig,
  flags: GivenOptions<S>,
): GivenOptions<S> {
  const [first, last] = [config, flags] as readonly Readonly<Record<string, unknown>>[];
  const entries = optionRows(stage).map(({ name }) => {
    const [ofConfig, ofFlags] = [first?.[name], last?.[name]];
    return [name, Array.isArray(ofConfig) ? [...ofConfig, ...asList(ofFlags)] : (ofFlags ?? ofConfig)];
  });
  return Object.fromEntries(entries) as GivenOptions<S>;
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
