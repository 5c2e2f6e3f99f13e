import { statSync } from 'node:fs';
import type { MessageInitShape, VmaEntrySchema } from '@criujs/images';
import { readSmaps, type Vma } from '@criujs/linux';
import type { Refusal } from '../../errors.ts';
import { adviceOfVmFlag, mapFlag, protection, vmaStatus } from '../../facts/memory.ts';
import type { CollectedFiles } from '../../files/collect.ts';
import { nothingBehind } from '../../files/mapped.ts';
import { mapResource } from '../../memory/describe.ts';
import { recogniseMap } from '../../memory/recognise.ts';
import type { FrozenTask } from './freeze.ts';
import { staleMaps } from './stale.ts';

/** A map of a process and what the image says of it. */
export interface DumpedMap {
  readonly vma: Vma;
  readonly entry: MessageInitShape<typeof VmaEntrySchema> & { status: number };
  /** Whether pages of it belong into the image: what holds something, what differs from its file, all of it, or none. */
  readonly pages: 'used' | 'changed' | 'whole' | 'none';
}

/** Advice bit that CRIU sets for the kernel's own pages: they are not to be dumped. */
const dontDump = 1n << 16n;

/** All maps of a process. */
export interface DescribedMaps {
  readonly maps: readonly DumpedMap[];
  readonly refusals: readonly Refusal[];
  /** What an earlier engine left behind: to be unmapped. */
  readonly stale: readonly Vma[];
}

/** Describes all maps of a frozen process; maps that nobody can bring back are told as refusals. */
export function describeMaps(task: FrozenTask, files: CollectedFiles): DescribedMaps {
  const maps: DumpedMap[] = [];
  const refusals: Refusal[] = [];
  const all = readSmaps(task.pid);
  const stale = staleMaps(task.pid, all);
  for (const vma of all) {
    if (stale.has(vma)) continue;
    const described = describeMap(task, vma, files);
    if ('why' in described) refusals.push(described);
    else if (!joinVvar(maps, described)) maps.push(described);
  }
  return { maps, refusals, stale: [...stale] };
}

function describeMap(task: FrozenTask, vma: Vma, files: CollectedFiles): DumpedMap | Refusal {
  const kind = recogniseMap(vma);
  const base = {
    start: BigInt(vma.start),
    end: BigInt(vma.end),
    pgoff: 0n,
    shmid: 0n,
    prot: protectionOf(vma),
    fd: -1n,
  };
  const grows = (vma.vmFlags?.has('gd') ? mapFlag.growsDown : 0) | (vma.vmFlags?.has('lo') ? mapFlag.locked : 0);
  const privateFlags = mapFlag.private | mapFlag.anonymous | grows;
  const madv = adviceOf(vma);
  const advice = madv === 0n ? {} : { madv };
  const refuse = (why: string, remedy: string): Refusal => ({
    pid: task.pid,
    command: task.command,
    resource: mapResource(vma),
    why,
    remedy,
  });
  if (kind.kind === 'device' && files.takesDevice(task, vma, mapResource(vma)))
    return ofPath(kind.path, vmaStatus.extPlugin);
  const behind = files.externalMapping(task.pid, vma);
  if (typeof behind === 'number') return ofFile(behind, 2, 0);
  switch (kind.kind) {
    case 'refused':
      return refuse(kind.why, kind.remedy);
    case 'vsyscall':
      return entry(
        vma,
        {
          ...base,
          flags: mapFlag.private | mapFlag.anonymous,
          status: vmaStatus.vsyscall | vmaStatus.anonymousPrivate,
        },
        'none',
      );
    case 'vvar':
      return entry(
        vma,
        {
          ...base,
          flags: mapFlag.private | mapFlag.anonymous,
          status: vmaStatus.regular | vmaStatus.anonymousPrivate | vmaStatus.vvar,
          madv: dontDump,
        },
        'none',
      );
    case 'vdso':
      return entry(
        vma,
        {
          ...base,
          ...advice,
          flags: privateFlags,
          status: vmaStatus.regular | vmaStatus.vdso | vmaStatus.anonymousPrivate,
        },
        'whole',
      );
    case 'heap':
    case 'anonymous': {
      const heap = kind.kind === 'heap' ? vmaStatus.heap : 0;
      return entry(
        vma,
        { ...base, ...advice, flags: privateFlags, status: vmaStatus.regular | vmaStatus.anonymousPrivate | heap },
        'used',
      );
    }
    case 'device':
    case 'external': {
      const { why, remedy } = behind ?? nothingBehind;
      return refuse(why, remedy);
    }
    case 'file':
      return ofPath(kind.path, 0);
  }

  function ofPath(path: string, status: number): DumpedMap {
    const access = vma.shared && (vma.write || (vma.vmFlags?.has('mw') ?? false)) ? 2 : 0;
    const stat = statSync(path, { bigint: true });
    return ofFile(files.addPath(path, { pid: task.pid, flags: access, stat }), access, status);
  }

  /** @param access how its file is to be opened: O_RDONLY or O_RDWR */
  function ofFile(id: number, access: 0 | 2, status: number): DumpedMap {
    const fields = {
      ...base,
      ...advice,
      pgoff: BigInt(vma.offset),
      shmid: BigInt(id),
      flags: (vma.shared ? mapFlag.shared : mapFlag.private) | grows,
      status: vmaStatus.regular | (vma.shared ? vmaStatus.fileShared : vmaStatus.filePrivate) | status,
      fdflags: access,
    };
    return entry(vma, fields, vma.shared ? 'none' : 'changed');
  }
}

function entry(vma: Vma, fields: DumpedMap['entry'], pages: DumpedMap['pages']): DumpedMap {
  return { vma, entry: fields, pages };
}

/** Newer kernels show the vvar in two parts; an image holds it as one. */
function joinVvar(maps: DumpedMap[], next: DumpedMap): boolean {
  const last = maps.at(-1);
  if (next.vma.name !== '[vvar_vclock]' || last === undefined || last.vma.end !== next.vma.start) return false;
  if (!(last.entry.status & vmaStatus.vvar)) return false;
  if (next.entry.end !== undefined) last.entry.end = next.entry.end;
  return true;
}

function protectionOf(vma: Vma): number {
  return (vma.read ? protection.read : 0) | (vma.write ? protection.write : 0) | (vma.execute ? protection.execute : 0);
}

function adviceOf(vma: Vma): bigint {
  let advice = 0n;
  for (const flag of vma.vmFlags ?? []) {
    const number = adviceOfVmFlag[flag];
    if (number !== undefined) advice |= 1n << BigInt(number);
  }
  return advice;
}
