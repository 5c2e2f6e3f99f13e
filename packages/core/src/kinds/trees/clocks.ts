import { EngineError } from '@criujs/engine-kit';
import { LinuxError, readStatus } from '@criujs/linux';
import type { TreeImage } from '../../engine/restore/read.ts';
import { capability } from '../../facts/capabilities.ts';
import { latestClock } from '../../facts/clocks.ts';
import { cloneFlag } from '../../facts/clone.ts';
import { own } from '../../machinery/make/clone.ts';
import type { BuiltThread, Workshop } from '../../machinery/make/helper.ts';
import { hasCapability } from '../../run/probes/rights.ts';
import { type Clocks, clocksNow, namespaceOf, ownOffsets, setOffsets } from '../../tasks/clocks.ts';
import { invalid, unsupported } from '../rules.ts';
import type { Family, LoadContext, LoadedTree, SaveContext, TreeKind, TreeProblem } from './kind.ts';

/**
 * Clocks that count from the start of the machine. A restored tree gets a time namespace in which they go on from where they were,
 * as CRIU does it: else every wait for a time ends early, or, after a reboot, hours late. time_namespaces(7).
 */
export const clocks: TreeKind = {
  name: 'clocks',
  describe: [
    {
      subject: 'timers',
      taken: ['the clocks since boot (a time namespace; needs root)'],
      refused: ['several time namespaces in one tree'],
    },
  ],
  subject: 'namespace',
  recognise,
  save,
  load,
};

const resource = 'namespace of clocks';

function recognise({ tasks }: Family): TreeProblem[] {
  const root = tasks[0] && namespaceOf(tasks[0].pid, 'time');
  return tasks.flatMap((task): TreeProblem[] => {
    const { pid, command, state } = task;
    if (state === 'zombie') return [];
    const theirs = namespaceOf(pid, 'time');
    const forChildren = namespaceOf(pid, 'time_for_children');
    // The kernel has none, or it is not ours to read: that it cannot be traced is told elsewhere.
    if (theirs === null || forChildren === null) return [];
    if (theirs !== forChildren)
      return [
        {
          pid,
          command,
          resource,
          why: 'its children get other clocks than it has itself: it has called unshare(CLONE_NEWTIME) or setns(2)',
          remedy: 'Dump its children by themselves, or start the program with `unshare --time --fork`.',
        },
      ];
    if (root === null || theirs === root) return [];
    return [
      {
        pid,
        command,
        resource,
        why: 'it has other clocks than the root of the tree',
        remedy: 'Dump the processes of each time namespace by themselves.',
      },
    ];
  });
}

/** The clocks as the program sees them. Its namespace is not told: to CRIU, too, it lived in the engine's, and it gets their values. */
function save({ tasks }: { readonly tasks: readonly { readonly pid: number }[] }, { images }: SaveContext): void {
  const { monotonic, boottime } = clocksNow(tasks[0]?.pid ?? process.pid);
  images.write('TIMENS', 'timens-0.img', [{ message: { monotonic: time(monotonic), boottime: time(boottime) } }]);
}

function load(tree: TreeImage, context: LoadContext): LoadedTree | undefined {
  const saved = savedClocks(tree, context);
  if (saved === null) return undefined;
  const lacking = whatLacks();
  if (lacking === null) return { prepare: (helper, workshop) => giveClocks(saved, helper, workshop, context) };
  doWithout(saved, lacking, context);
  return undefined;
}

/** What the program saw at the dump; null: the images do not say. */
function savedClocks(tree: TreeImage, { session, readOne }: LoadContext): Clocks | null {
  const { rootIds } = tree;
  const [root, ...others] = tree.tasks.flatMap((task) => (task.state === 'zombie' ? [] : [task.ids.timeNsId]));
  if (others.some((id) => id !== root))
    throw unsupported('its processes have several time namespaces', 'Restore it with CRIU (--engine criu).');
  // CRIU names the image after the namespace, or 0 if that was its own.
  const isOwn = root !== undefined && root !== 0 && rootIds !== undefined && root !== rootIds.timeNsId;
  const file = `timens-${isOwn ? root : 0}.img`;
  if (!session.store.exists(file)) {
    if (isOwn) throw invalid(file, 'the image is missing');
    return null;
  }
  // CRIU leaves it empty where the kernel has no such namespaces.
  if (!isOwn && session.store.read(file).length <= emptyLength) return null;
  const { monotonic, boottime } = readOne('TIMENS', file);
  return { monotonic: nanoseconds(monotonic, file), boottime: nanoseconds(boottime, file) };
}

/** Two magics and no entry. */
const emptyLength = 8;

/** Why this user cannot give a process clocks of its own; null: nothing known. */
function whatLacks(): string | null {
  if (ownOffsets() === null) return 'the kernel has no time namespaces, or shows no offsets of ours';
  const status = readStatus(process.pid);
  const missing = (['SYS_ADMIN', 'SYS_TIME'] as const).filter((name) => !hasCapability(status, capability[name]));
  return missing.length === 0 ? null : `this user lacks ${missing.map((name) => `CAP_${name}`).join(' and ')}`;
}

/** From now on all that are cloned from the helper have the clocks of the dump. */
function giveClocks(saved: Clocks, helper: BuiltThread, workshop: Workshop, context: LoadContext): void {
  const host = ownOffsets();
  try {
    own(helper, workshop, 'unshare', [cloneFlag.newTime]);
    const now = clocksNow(process.pid);
    const offset = (clock: keyof Clocks): bigint => saved[clock] - now[clock] + (host?.[clock] ?? 0n);
    setOffsets(helper.pid, { monotonic: offset('monotonic'), boottime: offset('boottime') });
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    // A namespace without offsets would be left, in which the clocks are those of the machine.
    doWithout(saved, `${error.call} fails with ${error.code}`, context);
  }
}

/** The program gets the clocks that there are: refused where they go backwards, since it could then wait for hours. */
function doWithout(saved: Clocks, lacking: string, { session, options }: LoadContext): void {
  const now = clocksNow(process.pid);
  const behind = [saved.monotonic - now.monotonic, saved.boottime - now.boottime].reduce((a, b) => (a > b ? a : b));
  if (behind <= 0n) {
    session.warn(
      `the program's clocks since boot jump ahead by ${seconds(now.monotonic - saved.monotonic)} s: it cannot get a time namespace (${lacking})`,
    );
    return;
  }
  const what = `the clocks since boot are ${seconds(behind)} s behind those that the program saw, and it cannot get a time namespace (${lacking})`;
  if (!options.allowClockBehind)
    throw new EngineError('CLOCK_BEHIND', `${what}: what waits for a time would wait that much longer`, {
      remedy:
        'Restore as root (CAP_SYS_ADMIN and CAP_SYS_TIME), or accept it with --allow-clock-behind (option `allowClockBehind`).',
    });
  session.warn(`${what}; what waits for a time may wait that much longer`);
}

const second = 1_000_000_000n;

function time(value: bigint): { tvSec: bigint; tvNsec: bigint } {
  return { tvSec: value / second, tvNsec: value % second };
}

function nanoseconds(value: { tvSec: bigint; tvNsec: bigint } | undefined, file: string): bigint {
  const { tvSec = -1n, tvNsec = 0n } = value ?? {};
  if (tvSec < 0n || tvSec >= latestClock || tvNsec < 0n || tvNsec >= second)
    throw invalid(file, `a clock shows ${tvSec} s and ${tvNsec} ns, which no clock can`);
  return tvSec * second + tvNsec;
}

function seconds(value: bigint): string {
  return (Number(value) / 1e9).toFixed(1);
}
