import { openSync } from 'node:fs';
import { devNull } from 'node:os';
import { createPluginHost } from '@criujs/plugin-host';
import {
  type ClaimArgs,
  type ClaimableName,
  definePlugin,
  type HookArgs,
  type HookName,
  hook,
  isClaimable,
  type Plugin,
} from '@criujs/plugin-sdk';
import type { CheckName, ConformanceOptions } from './conformance.ts';
import { type DumpSettings, dump } from './dump.ts';
import type { Fault } from './faults.ts';
import { inWords } from './in-words.ts';
import { remainsOf } from './remains.ts';
import { callsOf, type DumpReport, type RunReport } from './report.ts';
import { restore } from './restore.ts';
import type { RunSettings } from './run.ts';
import { type PretendTree, type PretendTreeOptions, pretendTree } from './tree.ts';

/** What is checked. */
export interface Subject extends ConformanceOptions {
  readonly plugin: Plugin;
}

/** What a check found; undefined: all is well. */
export type Finding = { readonly failed: string } | { readonly skipped: string } | undefined;
export type Check = (subject: Subject) => Promise<Finding>;

/** Each check by its name. */
export const checks: Readonly<Record<CheckName, Check>> = {
  'round-trip': roundTrip,
  decline,
  claim,
  'double-claim': doubleClaim,
  failure,
  exit,
  'wrong-options': wrongOptions,
};

/** Hooks by which a plugin claims something at a dump. */
const claiming: readonly HookName[] = [
  'DUMP_EXT_FILE',
  'DUMP_UNIX_SK',
  'DUMP_EXT_MOUNT',
  'DUMP_EXT_LINK',
  'HANDLE_DEVICE_VMA',
];

/** Something of every kind that a plugin may claim and could restore on any machine. */
const aLittleOfEverything: PretendTreeOptions = {
  files: [{ kind: 'character' }],
  sockets: [{}],
  mounts: [{ mountpoint: '/mnt/pretend' }],
  links: [{ kind: 'veth' }],
  maps: [{}],
};

/** What is nobody's. */
const nobodys: PretendTreeOptions = {
  files: [{ path: 'anon_inode:[nobodys]', kind: 'unknown', rdev: null, flags: 0 }],
  sockets: [{ type: 'seqpacket', peerName: '\0nobodys' }],
  mounts: [{ mountpoint: '/nobodys' }],
  links: [{ kind: 'nobodys', type: 0xfffe }],
  maps: [{ path: '/dev/nobodys', rdev: { major: 254, minor: 255 } }],
};

const nothingClaimed =
  'it claimed nothing of the tree that it was shown. Give the check a `tree` with what the plugin is for';

async function roundTrip(subject: Subject): Promise<Finding> {
  return withTree(subject, async (tree) => {
    for (const order of ['criu', 'embedded'] as const) {
      const settings = { ...settingsFor(subject), order };
      const dumped = await dump(tree, settings);
      const atDump = failureOf('the dump', dumped);
      if (atDump !== undefined) return atDump;
      if (serves(subject.plugin, claiming) && dumped.claims.length === 0) return { failed: nothingClaimed };
      for (const which of ['the restore', 'a second restore of the same image']) {
        const finding = failureOf(which, await restore(dumped, settings));
        if (finding !== undefined) return finding;
      }
    }
    return undefined;
  });
}

async function decline(subject: Subject): Promise<Finding> {
  if (!serves(subject.plugin, claiming)) return { skipped: 'it claims nothing' };
  const tree = await pretendTree(onlyServed(subject.plugin, nobodys));
  try {
    const report = await dump(tree, settingsFor(subject));
    const taken = report.claims.map((it) => `${it.resource} (${it.hook})`);
    if (taken.length > 0) return { failed: `it claimed an unknown resource:  ${taken.join(', ')}` };
    if (report.error?.code === 'UNSUPPORTED') return undefined;
    return {
      failed: `it failed where it should decline: ${report.error === undefined ? 'nothing was asked' : inWords(report.error)}`,
    };
  } finally {
    await tree.close();
  }
}

async function claim(subject: Subject): Promise<Finding> {
  const { plugin, tree = onlyServed(plugin, aLittleOfEverything) } = subject;
  if (plugin.hooks.every((it) => it.claim === undefined)) return { skipped: 'it has no claim' };
  for (const shown of [tree, onlyServed(plugin, nobodys)]) {
    const finding = await claimsAsItDumps(subject, shown);
    if (finding !== undefined) return finding;
  }
  return undefined;
}

/** Dumps, and asks the claims of a host that was never started about the same resources. */
async function claimsAsItDumps(subject: Subject, shown: PretendTreeOptions): Promise<Finding> {
  const settings = settingsFor(subject);
  const { plugins, cwd, loaders, deadline, options } = settings;
  const tree = await pretendTree(shown);
  try {
    const dumped = await dump(tree, settings);
    const host = await createPluginHost({ plugins, cwd, loaders, deadline, options });
    for (const { hook: name, args, answer, resource } of dumped.calls) {
      if (answer === undefined || !isClaimable(name)) continue;
      const [claimed] = await host.claims(name, seenAtPlan(args as HookArgs<ClaimableName>), { resource });
      if (claimed === undefined || claimed.says === 'nothing') continue;
      const what = `${resource} (${name})`;
      if (claimed.says === 'failed') return { failed: `its claim of ${what} failed: ${inWords(claimed.error)}` };
      const did = answer.claimed ? 'yes' : 'no';
      if (claimed.says === did) continue;
      const deed = answer.claimed ? 'takes it' : 'declines it';
      return { failed: `its claim says ${claimed.says} to ${what}, and the dump then ${deed}` };
    }
    return undefined;
  } finally {
    await tree.close();
  }
}

/** A hook's argument as a plan can know it: no descriptor, no id, and of a file no owner. */
function seenAtPlan(args: HookArgs<ClaimableName>): ClaimArgs<ClaimableName> {
  const { fd: _fd, id: _id, ...seen } = args as HookArgs<'DUMP_EXT_FILE'>;
  return ('file' in seen ? { ...seen, file: { ...seen.file, owner: null } } : seen) as ClaimArgs<ClaimableName>;
}

async function doubleClaim(subject: Subject): Promise<Finding> {
  const { plugin } = subject;
  const greedy = greedyBeside(plugin.name);
  return withTree(subject, async (tree) => {
    const both = async (dumping: Plugin[], restoring: Plugin[], owner: string): Promise<Finding> => {
      const settings = settingsFor(subject);
      const dumped = await dump(tree, { ...settings, plugins: dumping });
      const atDump = failureOf('a dump beside a plugin that claims everything', dumped);
      if (atDump !== undefined) return atDump;
      const strange = dumped.claims.find((it) => it.plugin !== owner);
      if (strange !== undefined)
        return { failed: `${strange.resource} was claimed by ${strange.plugin}, not ${owner}` };
      const restored = await restore(dumped, { ...settings, plugins: restoring });
      const atRestore = failureOf(`the restore of what ${owner} had dumped`, restored);
      if (atRestore !== undefined) return atRestore;
      const other = restored.claims.find((it) => it.plugin !== owner && it.hook !== 'UPDATE_VMA_MAP');
      return other && { failed: `${other.resource} of ${owner} was restored by ${other.plugin}` };
    };
    return (
      (await both([plugin, greedy], [greedy, plugin], plugin.name)) ??
      (await both([greedy, plugin], [plugin, greedy], greedy.name))
    );
  });
}

async function failure(subject: Subject): Promise<Finding> {
  return withTree(subject, async (tree) => {
    const settings = settingsFor(subject);
    const dumped = await dump(tree, settings);
    const atDump = failureOf('the dump', dumped);
    if (atDump !== undefined) return atDump;
    await restore(dumped, settings);
    const dumping = await failEverywhere('dump', settings, (it) => dump(tree, it));
    return dumping ?? (await failEverywhere('restore', settings, (it) => restore(dumped, it)));
  });
}

type Start = (settings: RunSettings) => Promise<RunReport>;

/** Runs again and again, and ends it at each call in turn. */
async function failEverywhere(what: string, settings: RunSettings, start: Start): Promise<Finding> {
  for (const fault of ['engine-failed', 'interrupted'] as const) {
    for (let call = 1; ; call += 1) {
      const finding = await failOnce(
        `${what}, ${fault} at call ${call}`,
        { ...settings, faults: [{ fault, call }] },
        start,
      );
      if (finding === 'not reached') break;
      if (finding !== undefined) return finding;
    }
  }
  const faults: Fault[] = [{ hook: 'init', fault: 'errno', errno: 'EIO' }];
  const finding = await failOnce(`${what}, init fails`, { ...settings, faults }, start);
  return finding === 'not reached' ? undefined : finding;
}

async function failOnce(what: string, settings: RunSettings, start: Start): Promise<Finding | 'not reached'> {
  let report: RunReport | undefined;
  const remains = await remainsOf(async () => {
    report = await start(settings);
  });
  if (report === undefined || report.struck.length === 0) return 'not reached';
  const at = `${what}${whereIn(report)}`;
  if (remains.length > 0) return { failed: `${at}: it left behind ${remains.join(', ')}` };
  if (report.ok) return { failed: `${at}: the run went on as if nothing had happened` };
  if (report.exits.length !== 1) return { failed: `${at}: exit was called ${report.exits.length} times` };
  const [error] = report.exitErrors;
  return error && { failed: `${at}: exit failed: ${inWords(error)}` };
}

function whereIn({ calls }: RunReport): string {
  const last = calls.at(-1);
  return last === undefined ? '' : ` (${last.hook})`;
}

async function exit(subject: Subject): Promise<Finding> {
  if (subject.plugin.exit === undefined) return { skipped: 'it has no exit' };
  return withTree(subject, async (tree) => {
    const settings = { ...settingsFor(subject), exitTwice: true };
    const dumped = await dump(tree, settings);
    const runs: (readonly [string, RunReport])[] = [['a dump', dumped]];
    if (dumped.image !== undefined) runs.push(['a restore', await restore(dumped, settings)]);
    const broken: Fault[] = [{ hook: 'init', fault: 'errno', errno: 'EIO' }];
    runs.push(['a failed init', await dump(tree, { ...settings, faults: broken })]);
    runs.push(['a failed dump', await dump(tree, { ...settings, faults: [{ fault: 'engine-failed' }] })]);
    const bad = runs.find(([, { exitErrors }]) => exitErrors.length > 0);
    return (
      bad && {
        failed: `its exit failed when it was called twice after ${bad[0]}: ${bad[1].exitErrors.map(inWords).join('\n')}`,
      }
    );
  });
}

async function wrongOptions(subject: Subject): Promise<Finding> {
  const { plugin, wrongOptions: wrong = [42] } = subject;
  if (plugin.options === undefined) return { skipped: 'it has no schema for its options' };
  const tree = await pretendTree();
  try {
    for (const value of wrong) {
      const report = await dump(tree, { ...settingsFor(subject), options: { [plugin.name]: value } });
      const shown = JSON.stringify(value) ?? String(value);
      if (report.ok) return { failed: `it accepts ${shown} as its options` };
      if (report.error?.code !== 'PLUGIN_OPTIONS') {
        return { failed: `${shown} as its options gave ${report.error?.code}: ${report.error?.message}` };
      }
      if (report.inits.length > 0) return { failed: `init ran before its options ${shown} were refused` };
    }
    return undefined;
  } finally {
    await tree.close();
  }
}

/** Runs a check on the tree that the test gave, or on what of the usual one the plugin claims. */
async function withTree(subject: Subject, body: (tree: PretendTree) => Promise<Finding>): Promise<Finding> {
  const tree = await pretendTree(subject.tree ?? (await claimedOf(subject)));
  try {
    return await body(tree);
  } finally {
    await tree.close();
  }
}

async function claimedOf(subject: Subject): Promise<PretendTreeOptions> {
  const offered = onlyServed(subject.plugin, aLittleOfEverything);
  const tree = await pretendTree(offered);
  try {
    const report = await dump(tree, settingsFor(subject));
    return report.unclaimed.length === 0 ? offered : withoutUnclaimed(report, offered);
  } finally {
    await tree.close();
  }
}

function withoutUnclaimed(report: DumpReport, offered: PretendTreeOptions): PretendTreeOptions {
  const took = (name: HookName): boolean => callsOf(report, name).some((it) => it.answer?.claimed !== false);
  return onlyWhere(took, offered);
}

function onlyServed(plugin: Plugin, offered: PretendTreeOptions): PretendTreeOptions {
  return onlyWhere((name) => serves(plugin, [name]), offered);
}

function onlyWhere(holds: (name: HookName) => boolean, offered: PretendTreeOptions): PretendTreeOptions {
  const { files, sockets, mounts, links, maps } = offered;
  return {
    files: holds('DUMP_EXT_FILE') ? files : [],
    sockets: holds('DUMP_UNIX_SK') ? sockets : [],
    mounts: holds('DUMP_EXT_MOUNT') ? mounts : [],
    links: holds('DUMP_EXT_LINK') ? links : [],
    maps: holds('HANDLE_DEVICE_VMA') ? maps : [],
  };
}

function serves(plugin: Plugin, names: readonly HookName[]): boolean {
  return plugin.hooks.some((it) => (names as readonly string[]).includes(it.hook));
}

/** A hook that is missing shows in the check that needs it, not in all of them. */
function settingsFor({ plugin, options, cwd, loaders, deadline }: Subject): DumpSettings {
  const own = options === undefined ? {} : { options: { [plugin.name]: options } };
  return { plugins: [plugin], cwd, loaders, deadline, dumpOnly: true, ...own };
}

/** Claims everything and restores it, somehow. No name may begin with another. */
function greedyBeside(name: string): Plugin {
  const names = ['greedy', 'x-greedy'];
  const own = names.find((it) => !it.startsWith(name) && !name.startsWith(it)) ?? '0-greedy';
  const take = (): undefined => undefined;
  const open = (): number => openSync(devNull, 'r+');
  return definePlugin({
    name: own,
    hooks: [
      hook('DUMP_EXT_FILE', take),
      hook('RESTORE_EXT_FILE', open),
      hook('DUMP_UNIX_SK', take),
      hook('RESTORE_UNIX_SK', open),
      hook('DUMP_EXT_MOUNT', take),
      hook('RESTORE_EXT_MOUNT', take),
      hook('DUMP_EXT_LINK', take),
      hook('HANDLE_DEVICE_VMA', take),
    ],
  });
}

/** Why a run that should have gone well did not. */
function failureOf(what: string, { error, exitErrors }: RunReport): Finding {
  const bad = error ?? exitErrors[0];
  if (bad === undefined) return undefined;
  return { failed: `${what} failed: ${inWords(bad)}${bad.remedy === undefined ? '' : ` (${bad.remedy})`}` };
}
