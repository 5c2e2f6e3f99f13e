import type { Records, Refusal } from '@criujs/engine-kit';
import { missingHook, type Unrestorable, unrestorableWarnings, whyUnrestorable } from '@criujs/plugin-host/facts';
import type { HookName } from '@criujs/plugin-sdk';
import { describeFile, descriptorResource } from '../kinds/files/describe.ts';
import type { SeenProcess, Tree } from '../kinds/files/held.ts';
import type { TakenDevice } from '../kinds/files/mapped-device.ts';
import type { EngineDumpOptions } from '../options.ts';
import type { Session } from '../run/session.ts';
import { type Description, holdersByProcess } from './same.ts';

/** What plugins took and no loaded plugin could bring back, of one process. */
export interface UnrestorableResource extends Unrestorable, SeenProcess {}

/** What plugins took of a tree. */
export interface TakenResources {
  readonly records: Pick<Records, 'externals' | 'sockets'>;
  readonly devices: readonly TakenDevice[];
  readonly files: readonly Description[];
  readonly tree: Tree;
  commandOf(pid: number): string;
}

/** All that no loaded plugin has the hook for that would bring it back: a row for each process that has it. */
export function findUnrestorable(taken: TakenResources): UnrestorableResource[] {
  const { records, devices, files, tree, commandOf } = taken;
  const described = new Map(files.map((file) => [file.id, file]));
  const ofFiles = (
    hook: HookName,
    all: readonly { readonly id: number; readonly plugin: string }[],
  ): UnrestorableResource[] => {
    const missing = missingHook(hook, tree);
    if (missing === null) return [];
    return all.flatMap(({ id, plugin }) => {
      const file = described.get(id);
      if (file === undefined) return [];
      const what = describeFile(file.seen, tree);
      return [...holdersByProcess(file.holders)].map(([pid, fds]) => ({
        plugin,
        hook,
        missingHook: missing,
        pid,
        command: commandOf(pid),
        resource: descriptorResource(fds, what),
      }));
    });
  };
  const ofDevices = (hook: HookName): UnrestorableResource[] => {
    const missing = missingHook(hook, tree);
    if (missing === null) return [];
    return devices.map(({ process: { pid, command }, resource, provider }) => {
      return { plugin: provider.name, hook, missingHook: missing, pid, command, resource };
    });
  };
  return [
    ...ofFiles(
      'DUMP_EXT_FILE',
      records.externals.flatMap(({ id, file: { provider } }) =>
        provider === null ? [] : [{ id, plugin: provider.name }],
      ),
    ),
    ...ofFiles(
      'DUMP_UNIX_SK',
      records.sockets.map(({ id, provider }) => ({ id, plugin: provider.name })),
    ),
    ...ofDevices('HANDLE_DEVICE_VMA'),
  ];
}

/**
 * Refuses what no loaded plugin could restore, since the tree would end. Where it runs on, or the dump is not meant to be restored, that is
 * a warning.
 */
export function refuseUnrestorable(
  all: readonly UnrestorableResource[],
  { leaveRunning, dumpOnly }: Pick<EngineDumpOptions, 'leaveRunning' | 'dumpOnly'>,
  { warn }: Pick<Session, 'warn'>,
): Refusal[] {
  if (!leaveRunning && !dumpOnly) return all.map(asRefusal);
  const named = all.map((it) => ({ ...it, resource: `${it.pid} (${it.command}) ${it.resource}` }));
  for (const warning of unrestorableWarnings(named)) warn(warning);
  return [];
}

function asRefusal({ pid, command, resource, ...how }: UnrestorableResource): Refusal {
  const { plugin, missingHook: hook } = how;
  return { pid, command, resource, ...whyUnrestorable(how), plugin, hook };
}
