import { EngineError } from '@criujs/engine-kit';
import { errnoName, type RemoteCall, type SyscallName, writeMemory } from '@criujs/linux';
import { refusedCall } from '../../engine/blame.ts';
import { type BatchPlace, runBatch } from './batch.ts';

/** Bytes with the addresses of others in them. */
export interface PointingBytes {
  readonly bytes: Uint8Array;
  readonly pointers: readonly { readonly at: number; readonly to: Uint8Array }[];
}

type CallArgument = number | bigint | Uint8Array | PointingBytes;

/** A call that a task makes in its own name. Bytes are copied into the task first and passed by their address. */
export interface TaskCall {
  readonly name: SyscallName;
  readonly args: readonly CallArgument[];
  /** A failure is no error: it is told to the caller of {@link runTaskCalls}, or not even that. */
  readonly optional?: boolean | 'unsaid';
  /** The only answer that is right, where a smaller one is a failure too. */
  readonly expect?: number;
  /** What the call is for, for the error: "set the limit of open files". */
  readonly what: string;
}

/** Memory inside the task that calls may put their arguments into. */
export interface DataArea {
  readonly start: number;
  readonly size: number;
}

/** What a failed optional call came to. */
export interface FailedCall {
  readonly what: string;
  readonly errno: number;
}

/**
 * Makes a task run calls, in as few batches as its areas allow, and checks each.
 *
 * @param file the image that the arguments come from: it is to blame for calls that make no sense to the kernel
 * @throws EngineError with what the call was for, where one that is not optional fails: IMAGE_INVALID, NOT_PERMITTED, KERNEL
 */
export function runTaskCalls(
  place: BatchPlace,
  data: DataArea,
  calls: readonly TaskCall[],
  file?: string,
): FailedCall[] {
  const failed: FailedCall[] = [];
  let from = 0;
  while (from < calls.length) {
    const { bytes, remote, to } = layOut(calls, from, data, place.capacity - 1);
    if (bytes.length > 0) writeMemory(place.pid, data.start, bytes);
    runBatch(place, remote).forEach((result, at) => {
      const call = calls[from + at];
      if (call === undefined) return;
      if (call.expect !== undefined && result >= 0 && result !== call.expect)
        throw fellShort(place.pid, call, result, file);
      if (result >= 0 || result < -4095) return;
      if (!call.optional) throw callFailed(place.pid, call, -result, file);
      if (call.optional !== 'unsaid') failed.push({ what: call.what, errno: -result });
    });
    from = to;
  }
  return failed;
}

function layOut(
  calls: readonly TaskCall[],
  from: number,
  data: DataArea,
  capacity: number,
): { bytes: Buffer; remote: RemoteCall[]; to: number } {
  const parts: Uint8Array[] = [];
  const remote: RemoteCall[] = [];
  let used = 0;
  let to = from;
  for (; to < calls.length && remote.length < capacity; to++) {
    const call = calls[to] as TaskCall;
    const needs = call.args.flatMap(partsOf).reduce((sum, { length }) => sum + aligned(length), 0);
    if (needs > data.size) throw new EngineError('INTERNAL', `arguments of ${needs} bytes to ${call.what}`);
    if (used + needs > data.size) break;
    const place = (part: Uint8Array): number => {
      const address = data.start + used;
      parts.push(part, new Uint8Array(aligned(part.length) - part.length));
      used += aligned(part.length);
      return address;
    };
    const args = call.args.map((arg) => {
      if (typeof arg !== 'object') return arg;
      if (arg instanceof Uint8Array) return place(arg);
      const bytes = Buffer.from(arg.bytes);
      for (const { at, to } of arg.pointers) bytes.writeBigUInt64LE(BigInt(place(to)), at);
      return place(bytes);
    });
    remote.push([call.name, ...args]);
  }
  return { bytes: Buffer.concat(parts), remote, to };
}

/** All bytes of an argument. */
function partsOf(arg: CallArgument): readonly Uint8Array[] {
  if (typeof arg !== 'object') return [];
  return arg instanceof Uint8Array ? [arg] : [arg.bytes, ...arg.pointers.map(({ to }) => to)];
}

function aligned(length: number): number {
  return (length + 63) & ~63;
}

function callFailed(pid: number, call: TaskCall, errno: number, file: string | undefined): EngineError {
  const args = call.args.map((arg) => {
    const parts = partsOf(arg);
    return typeof arg === 'object' ? `${parts.reduce((sum, { length }) => sum + length, 0)} bytes` : hex(arg);
  });
  const what = `process ${pid}: cannot ${call.what}: ${call.name}(${args.join(', ')}) answered ${errnoText(errno)}`;
  return refusedCall(errnoName(errno), what, { pid, file });
}

function fellShort(pid: number, call: TaskCall, result: number, file: string | undefined): EngineError {
  const what = `process ${pid}: cannot ${call.what}: ${result} bytes instead of ${call.expect}`;
  return new EngineError('IMAGE_INVALID', what, { pid, resource: file });
}

function hex(value: number | bigint): string {
  return value > 4096 ? `0x${value.toString(16)}` : value.toString();
}

function errnoText(errno: number): string {
  return `${errnoName(errno)} (${errno})`;
}
