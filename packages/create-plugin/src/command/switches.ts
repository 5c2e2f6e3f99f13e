/** Flags that answer no question. */
export interface Switch {
  readonly short?: string;
  /** What its value is called in `--help`; without it the flag takes none. */
  readonly value?: string;
  readonly help: string;
  /** Whether `update` has it too. */
  readonly update?: boolean;
}

export type SwitchName = 'from' | 'partial' | 'yes' | 'dry-run' | 'force' | 'json' | 'verbose' | 'help' | 'version';

/** All of them, in the order of `--help`. */
export const switches: Readonly<Record<SwitchName, Switch>> = {
  from: { value: 'file', help: 'an existing plugin (.c, .so or .js): the new one gets its hooks' },
  partial: { help: 'with --from: go on with the hooks that were read when there may be more' },
  yes: { short: 'y', help: 'ask nothing: take the default of every question without a flag' },
  'dry-run': { help: 'print every file and command, and leave nothing behind', update: true },
  force: { help: 'write into a folder that is not empty', update: true },
  json: { help: 'print one JSON object on stdout; asks nothing', update: true },
  verbose: { help: 'show what the installation prints, and the cause of errors', update: true },
  help: { short: 'h', help: 'print this', update: true },
  version: { help: 'print the version', update: true },
};

export const switchNames: readonly SwitchName[] = Object.keys(switches) as SwitchName[];
