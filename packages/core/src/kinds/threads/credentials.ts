import type { CredsEntry, CredsEntrySchema, MessageInitShape } from '@criujs/images';
import type { Status } from '@criujs/linux';
import { capabilityWords } from '../../facts/capabilities.ts';
import { ambient, prctl, securebit } from '../../facts/prctl.ts';
import { capabilitiesCall, groupsCall } from '../../machinery/calls/credential-calls.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { bitsOf } from '../bits.ts';
import { between, hold, type Rule } from '../rules.ts';
import type { ThreadKind } from './kind.ts';

/** All bits set stands for "unchanged" where ids are set: no process has such an id. setresuid(2). */
const largestId = 0xffff_fffe;
const ids = ['uid', 'euid', 'suid', 'fsuid', 'gid', 'egid', 'sgid', 'fsgid'] as const;
const sets = ['capInh', 'capPrm', 'capEff', 'capBnd', 'capAmb'] as const;

const rules: readonly Rule<CredsEntry>[] = [
  ...ids.map((field) => between<CredsEntry>(`the ${field}`, (creds) => creds[field], 0, largestId)),
  ...sets.map((field) =>
    between<CredsEntry>(`the number of words of ${field}`, (creds) => creds[field].length, 0, capabilityWords),
  ),
  // NGROUPS_MAX. setgroups(2).
  between('the number of supplementary groups', ({ groups }) => groups.length, 0, 65_536),
  between('a supplementary group', ({ groups }) => groups.reduce((a, b) => Math.max(a, b), 0), 0, largestId),
  // Eight bits and their locks. capabilities(7).
  between('the securebits', ({ secbits }) => secbits, 0, 0xfff),
];

type Words = readonly number[];

/** User and group ids, groups, capabilities and securebits. credentials(7), capabilities(7). */
export const credentials: ThreadKind = {
  name: 'credentials',
  describe: [
    { subject: 'rights and limits', taken: ['user and group ids', 'capabilities', 'securebits', '`no_new_privs`'] },
  ],
  look: ({ status }) => ({ threadCore: { creds: credentialsEntry(status) } }),
  ask: () => ({
    calls: [['prctl', prctl.getSecurebits]],
    answer: ([found = 0]) => ({ threadCore: { creds: { secbits: Math.max(found, 0) } } }),
  }),
  check({ own: { creds } }, file) {
    if (creds !== undefined) hold(creds, file, rules);
  },
  calls: ({ own: { creds } }, { status }) => (creds === undefined ? [] : credentialCalls(creds, status)),
};

/** As `/proc/PID/status` shows them: all but the securebits. */
function credentialsEntry(status: Status): MessageInitShape<typeof CredsEntrySchema> {
  const [uid, euid, suid, fsuid] = status.uids;
  const [gid, egid, sgid, fsgid] = status.gids;
  return {
    uid,
    euid,
    suid,
    fsuid,
    gid,
    egid,
    sgid,
    fsgid,
    capInh: words(status.capInh),
    capPrm: words(status.capPrm),
    capEff: words(status.capEff),
    capBnd: words(status.capBnd),
    capAmb: words(status.capAmb),
    groups: [...status.groups],
    noNewPrivs: status.noNewPrivs ? 1 : 0,
  };
}

/**
 * Calls that give a thread its credentials. What it has already is left out: without privileges even asking for what
 * one has is refused.
 *
 * @param now what the thread has at present, of the engine's own.
 */
function credentialCalls(wanted: CredsEntry, now: Status): TaskCall[] {
  const calls: TaskCall[] = [];
  const [uid, euid, suid, fsuid] = now.uids;
  const [gid, egid, sgid, fsgid] = now.gids;
  const idsDiffer =
    differ([uid, euid, suid, fsuid], [wanted.uid, wanted.euid, wanted.suid, wanted.fsuid]) ||
    differ([gid, egid, sgid, fsgid], [wanted.gid, wanted.egid, wanted.sgid, wanted.fsgid]);
  if (differ([...now.groups], wanted.groups)) calls.push(groupsCall(wanted.groups, 'set supplementary groups'));
  if (idsDiffer) {
    calls.push(
      {
        name: 'prctl',
        args: [prctl.setSecurebits, securebit.noSetuidFixup],
        what: 'keep capabilities over a change of ids',
      },
      { name: 'setresgid', args: [wanted.gid, wanted.egid, wanted.sgid], what: 'set group ids' },
      { name: 'setfsgid', args: [wanted.fsgid], what: 'set the file system group id' },
      { name: 'setresuid', args: [wanted.uid, wanted.euid, wanted.suid], what: 'set user ids' },
      { name: 'setfsuid', args: [wanted.fsuid], what: 'set the file system user id' },
    );
  }
  calls.push(...droppedCapabilities(now.capBnd, mask(wanted.capBnd)));
  if (idsDiffer || wanted.secbits !== 0)
    calls.push({ name: 'prctl', args: [prctl.setSecurebits, wanted.secbits], what: 'set securebits' });
  const capabilitiesDiffer =
    mask(wanted.capEff) !== now.capEff || mask(wanted.capPrm) !== now.capPrm || mask(wanted.capInh) !== now.capInh;
  if (capabilitiesDiffer || idsDiffer) calls.push(capabilitiesCall(wanted, 'set capabilities'));
  const raised = bitsOf(mask(wanted.capAmb));
  calls.push(
    ...raised.map(
      (capability): TaskCall => ({
        name: 'prctl',
        args: [prctl.ambientCapabilities, ambient.raise, capability, 0, 0],
        what: `raise ambient capability ${capability}`,
      }),
    ),
  );
  if (wanted.noNewPrivs)
    calls.push({ name: 'prctl', args: [prctl.setNoNewPrivileges, 1, 0, 0, 0], what: 'forbid new privileges' });
  return calls;
}

function droppedCapabilities(now: bigint, wanted: bigint): TaskCall[] {
  return bitsOf(now & ~wanted).map((capability) => ({
    name: 'prctl',
    args: [prctl.dropCapability, capability, 0, 0, 0],
    what: `drop capability ${capability} from the bounding set`,
  }));
}

function words(set: bigint): number[] {
  return [Number(set & 0xffff_ffffn), Number(set >> 32n)];
}

function mask(set: Words): bigint {
  return (BigInt((set[1] ?? 0) >>> 0) << 32n) | BigInt((set[0] ?? 0) >>> 0);
}

function differ(a: Words, b: Words): boolean {
  return a.length !== b.length || a.some((value, at) => value !== b[at]);
}
