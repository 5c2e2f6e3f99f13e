import { exact } from '@criujs/engine-kit';
import { deviceOf, deviceStat, kindOf, signalOwner } from '@criujs/engine-kit/externals';
import type { DeviceStat, DumpedFile } from '@criujs/plugin-sdk';
import { hookFlags, type Message } from '@criujs/wire';

type Question = Message<'HOOK'>;

/** What the bridge saw of a file. Who holds it is not known before the images are there. */
export function dumpedFile(question: Question): DumpedFile {
  const { about, path, inode, flags, position } = question;
  const { ownerPid: pid, ownerType: pidType, ownerSignal: signum, ownerUid: uid, ownerEuid: euid } = question;
  return {
    path: about & hookFlags.LINK ? path : null,
    kind: kindOf(path, question),
    rdev: deviceOf(question),
    inode: exact(inode),
    flags,
    position: exact(position),
    owner: signalOwner({ pid, pidType, signum, uid, euid }),
    holders: [],
  };
}

/** What fstat(2) says of a mapped device. */
export function mappedDevice({ mode, device, inode, rdev }: Question): DeviceStat {
  return deviceStat({ mode, dev: device, ino: inode, rdev });
}
