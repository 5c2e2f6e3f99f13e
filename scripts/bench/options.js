import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../packages.js';
import { scenarios } from './scenarios.js';

const defaultRounds = 5;

/** What else is compared, each by a script of its own. */
const parts = [
  { name: 'plan', script: 'bench-plan.js', what: 'a plan of 1,000 descriptors, beside a bare walk of /proc/PID/fd' },
  { name: 'abort', script: 'bench-abort.js', what: 'how soon a run ends after Ctrl-C, phase by phase (root)' },
  {
    name: 'bridge',
    script: 'bench-bridge.js',
    what: 'plugins in TypeScript in CRIU, beside one in C (root, CRIU)',
  },
  { name: 'create', script: 'bench-create.js', what: 'npm create criu-plugin beside two others of its kind (network)' },
];

export const help = `Usage: npm run bench [-- [PART...] [options]]

Compares criujs with the real CRIU, by turns in one run: how long a dump
(--leave-running) and a restore (--detach) take as a command, and for how long
the program stands still, which it sees itself as a gap in its clock. Beside
them: dump() and restore() of the library in a process that is warm, and what
this machine needs at least: Node's bare start, a copy and a write of the same
bytes. Prints one table: medians in milliseconds, with quartiles.

CRIU is CRIUJS_CRIU, or what scripts/install-criu installed, and needs root.
Without it only criujs is measured. Needs a C compiler. Images are written to
/dev/shm if they fit there, else to the directory of temporary files.

Parts:
  engines        this table; the default
${parts.map(({ name, what }) => `  ${name.padEnd(13)}  ${what}`).join('\n')}
  all            all of them, one after the other

Options, all of the table:
  --rounds N     so many rounds of each (default: ${defaultRounds})
  --only NAME    only this scenario; may be repeated:
                 ${scenarios.map(({ name }) => name).join(', ')}
  --small        small sizes, a few seconds: to see that it works
  --json FILE    write all numbers to this file
  --svg FILE     write a plot to this file
  --docs         the same as --json docs/bench.json --svg docs/bench.svg, and
                 write what the README says of it
  --help         print this help

Examples:
  npm run bench
  npm run bench -- --only 1g --only maps --rounds 3
  npm run bench -- --docs                  new figures for the README
  npm run bench -- plan abort
`;

/** A mistake of whoever called: the message is all there is to say. */
class UsageError extends Error {
  remedy = 'npm run bench -- --help';
}

/** @throws UsageError */
export function readOptions(args) {
  const { values, positionals } = parsed(args);
  const { small = false, help: isHelp = false, docs = false, only = [] } = values;
  const known = ['engines', ...parts.map(({ name }) => name)];
  for (const name of positionals) checkName('part', name, [...known, 'all']);
  for (const name of only)
    checkName(
      'scenario',
      name,
      scenarios.map((it) => it.name),
    );
  if (docs && (small || only.length > 0))
    throw new UsageError('--docs is for a full run: leave out --small and --only');
  const chosen = positionals.includes('all') ? known : positionals.length > 0 ? positionals : ['engines'];
  return {
    help: isHelp,
    small,
    docs,
    rounds: readRounds(values.rounds),
    scenarios: scenarios.filter(({ name }) => only.length === 0 || only.includes(name)),
    json: values.json ?? (docs ? join(root, 'docs/bench.json') : undefined),
    svg: values.svg ?? (docs ? join(root, 'docs/bench.svg') : undefined),
    engines: chosen.includes('engines'),
    parts: parts.filter(({ name }) => chosen.includes(name)),
  };
}

function parsed(args) {
  const string = { type: 'string' };
  const boolean = { type: 'boolean' };
  const only = { type: 'string', multiple: true };
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { rounds: string, only, small: boolean, json: string, svg: string, docs: boolean, help: boolean },
    });
  } catch (error) {
    throw new UsageError(error.message);
  }
}

function checkName(what, name, known) {
  if (!known.includes(name)) throw new UsageError(`there is no ${what} ${name}: choose from ${known.join(', ')}`);
}

function readRounds(text) {
  if (text === undefined) return defaultRounds;
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new UsageError(`--rounds ${text}: give a whole number from 1 to 9999`);
  return Number(text);
}
