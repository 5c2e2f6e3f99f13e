import { expect, test } from 'vitest';
import { parseStatus } from './status.ts';

const sample = `Name:\tsh
Umask:\t0027
State:\tS (sleeping)
Tgid:\t30042
Ngid:\t0
Pid:\t30043
PPid:\t30020
TracerPid:\t12
Uid:\t1000\t0\t1000\t0
Gid:\t100\t101\t102\t103
FDSize:\t256
Groups:\t4 24 1000 
NStgid:\t30042\t1
NSpid:\t30043\t2
VmLck:\t      64 kB
VmRSS:\t   14412 kB
CoreDumping:\t0
THP_enabled:\t1
Threads:\t3
SigQ:\t1/96365
SigPnd:\t0000000000000001
ShdPnd:\t8000000000000000
SigBlk:\t0000000000010000
SigIgn:\t0000000001001000
SigCgt:\t0000000000000002
CapInh:\t0000000000000000
CapPrm:\t000001fffeffffff
CapEff:\t000001fffeffffff
CapBnd:\t000001ffffffffff
CapAmb:\t0000000000000000
NoNewPrivs:\t1
Seccomp:\t2
Seccomp_filters:\t1
untag_mask:\t0x81ffffffffffffff
x86_Thread_features:\tshstk wrss 
`;

test('reads what the kernel writes', () => {
  expect(parseStatus(sample)).toEqual({
    name: 'sh',
    umask: 0o27,
    tgid: 30042,
    pid: 30043,
    ppid: 30020,
    tracerPid: 12,
    uids: [1000, 0, 1000, 0],
    gids: [100, 101, 102, 103],
    groups: [4, 24, 1000],
    threads: 3,
    sigQ: { queued: 1, limit: 96365 },
    pendingThread: 1n,
    pendingShared: 1n << 63n,
    blocked: 0x10000n,
    ignored: 0x1001000n,
    caught: 2n,
    capInh: 0n,
    capPrm: 0x1fffeffffffn,
    capEff: 0x1fffeffffffn,
    capBnd: 0x1ffffffffffn,
    capAmb: 0n,
    noNewPrivs: true,
    seccomp: 2,
    seccompFilters: 1,
    nsPid: [30043, 2],
    vmLocked: 64,
    vmResident: 14412,
    coreDumping: false,
    thpEnabled: true,
    tagsAddresses: true,
    threadFeatures: ['shstk', 'wrss'],
  });
});

test.each([
  ['a\\nb\\\\) R (', 'a\nb\\) R ('],
  [' x ', ' x '],
  ['a:b', 'a:b'],
  ['', ''],
])('reads the name %j', (written, name) => {
  expect(parseStatus(`Name:\t${written}\nUmask:\t0022\n`)).toMatchObject({ name, umask: 0o22 });
});

test('lines that an older kernel does not have are zero, empty or false', () => {
  expect(parseStatus('Name:\tx\nGroups:\t\n')).toMatchObject({
    groups: [],
    capAmb: 0n,
    noNewPrivs: false,
    vmLocked: 0,
    nsPid: [],
    tagsAddresses: false,
    threadFeatures: [],
  });
});
