/**
 * A value that only its own function creates: `Brand<number, 'Pid'>` is a number that is not a file id. The mark is a plain
 * property name, so that the types of two copies of the SDK are compatible.
 */
export type Brand<Value, Name extends string> = Value & { readonly '~criujs': Name };

/** The id of one open file (CRIU's id in `files.img`): several descriptors may share it. */
export type FileId = Brand<number, 'FileId'>;

/** The inode number of a socket, as `/proc/PID/fd` and sock_diag(7) show it. */
export type SocketInode = Brand<number, 'SocketInode'>;

/** The id of a mount, the first column of `/proc/PID/mountinfo` (proc_pid_mountinfo(5)). */
export type MountId = Brand<number, 'MountId'>;

/** A process id, as seen by the process that runs the plugin. */
export type Pid = Brand<number, 'Pid'>;

/** @throws RangeError unless `value` is an integer from 0 to 2^32 - 1 */
export function fileId(value: number): FileId {
  return inRange('file id', value, 0, 0xffff_ffff) as FileId;
}

/** @throws RangeError unless `value` is an integer from 0 to 2^32 - 1 */
export function socketInode(value: number): SocketInode {
  return inRange('socket inode', value, 0, 0xffff_ffff) as SocketInode;
}

/** @throws RangeError unless `value` is an integer from 0 to 2^32 - 1 */
export function mountId(value: number): MountId {
  return inRange('mount id', value, 0, 0xffff_ffff) as MountId;
}

/** @throws RangeError unless `value` is an integer from 1 to 2^22, the most that Linux gives out (proc_sys_kernel(5), pid_max) */
export function pid(value: number): Pid {
  return inRange('pid', value, 1, 2 ** 22) as Pid;
}

function inRange(what: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${String(value)} is not a ${what}: it must be an integer from ${least} to ${most}`);
}
