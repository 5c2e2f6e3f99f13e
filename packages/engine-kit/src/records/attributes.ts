import { absent, digits, flag, integer, list, matching, object, type Shape, text } from './json-shape.ts';

/** Parameters of sched_setattr(2) that CRIU's images have no place for. Times in nanoseconds. */
export interface SchedulingAttributes {
  /** SCHED_FLAG_*: reset on fork, and those of the deadline policy. */
  readonly flags: number;
  /** Of the deadline policy; of normal policies the time slice, 0 for the kernel's own. */
  readonly runtime: bigint;
  readonly deadline: bigint;
  readonly period: bigint;
  /** Utilisation clamps, up to 1024; undefined: this kernel has none. */
  readonly clamps: { readonly least: number; readonly most: number } | undefined;
}

/** Where memory is taken from: set_mempolicy(2). */
export interface MemoryPolicy {
  /** MPOL_* with its flags. */
  readonly mode: number;
  /** The nodes as one hexadecimal number, bit 0 for node 0. */
  readonly nodes: string;
}

/** The memory policy of a range of addresses: mbind(2). */
export interface RangePolicy extends MemoryPolicy {
  readonly start: bigint;
  readonly length: bigint;
}

/** Code that makes no system calls itself: PR_SET_SYSCALL_USER_DISPATCH(2const). */
export interface CallDispatch {
  readonly mode: number;
  readonly offset: bigint;
  readonly length: bigint;
  /** The address of the byte that switches it. */
  readonly selector: bigint;
}

/** What CRIU's images do not say of a thread. Absent: as the kernel gives it. */
export interface ThreadAttributes {
  /** The processors that it may use as one hexadecimal number, or `all`. */
  readonly affinity?: string | undefined;
  readonly scheduling?: SchedulingAttributes | undefined;
  /** ioprio_set(2). */
  readonly ioPriority?: number | undefined;
  /** In nanoseconds. PR_SET_TIMERSLACK(2const). */
  readonly timerSlack?: bigint | undefined;
  /** PR_MCE_KILL(2const). */
  readonly machineCheck?: number | undefined;
  /** PR_SET_IO_FLUSHER(2const). */
  readonly ioFlusher?: boolean | undefined;
  /** Whether instructions that read the time stamp counter are refused: PR_SET_TSC(2const). */
  readonly noTimestamp?: boolean | undefined;
  /** Whether `cpuid` is refused: ARCH_SET_CPUID, arch_prctl(2). */
  readonly noCpuid?: boolean | undefined;
  /** PR_SET_SPECULATION_CTRL(2const): the control of each feature by its number. */
  readonly speculation?: readonly { readonly feature: number; readonly control: number }[] | undefined;
  readonly memoryPolicy?: MemoryPolicy | undefined;
  readonly callDispatch?: CallDispatch | undefined;
  /** The serial number of a session keyring with keys, which the dumping engine had too. */
  readonly sessionKeyring?: number | undefined;
}

/** A control group: a hierarchy by its controllers (empty: cgroup v2), and the path in it. */
export interface ControlGroup {
  readonly controllers: string;
  readonly path: string;
}

/** What is added to a semaphore when a process ends: semop(2), SEM_UNDO. */
export interface SemaphoreUndo {
  /** The id of its set. */
  readonly set: number;
  /** Its number in the set. */
  readonly at: number;
  readonly value: number;
}

/** What CRIU's images do not say of a process. Absent: as the kernel gives it. */
export interface ProcessAttributes {
  /** Which maps a core file gets: proc_pid_coredump_filter(5). */
  readonly coreDumpFilter?: number | undefined;
  /** PR_SET_MEMORY_MERGE(2const). */
  readonly memoryMerge?: boolean | undefined;
  /** PR_SET_MDWE(2const). */
  readonly memoryDenied?: number | undefined;
  /** PR_SET_PTRACER_ANY: PR_SET_PTRACER(2const). */
  readonly tracedByAll?: boolean | undefined;
  /** Flags of PR_SET_THP_DISABLE(2const), where it is not plainly disabled. */
  readonly hugePages?: number | undefined;
  /** The nice value of its session, which it leads: sched(7), autogroups. */
  readonly sessionNice?: number | undefined;
  readonly rangePolicies?: readonly RangePolicy[] | undefined;
  readonly controlGroups?: readonly ControlGroup[] | undefined;
  /** Threads that are in others than the process: by the id that each had. */
  readonly threadGroups?: readonly { readonly tid: number; readonly groups: readonly ControlGroup[] }[] | undefined;
  readonly semaphoreUndo?: readonly SemaphoreUndo[] | undefined;
  /** Label of a security module, /proc/PID/attr/current. */
  readonly label?: string | undefined;
}

/** What CRIU's images do not say of one thread, and of its process where it is the main thread. */
export interface AttributesRecord {
  readonly tid: number;
  readonly thread: ThreadAttributes;
  readonly process?: ProcessAttributes | undefined;
}

const u32: Shape<number> = integer(0, 0xffff_ffff);

/** A set of small numbers, as many as a kernel may have processors or nodes. */
const isMask = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{1,2048}$/.test(value);
const mask: Shape<string> = matching('a hexadecimal number', isMask);

function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return absent<T | undefined>(shape, undefined);
}

const memoryPolicy = { mode: u32, nodes: mask };

const threadShape: Shape<ThreadAttributes> = object({
  affinity: optional(matching('a hexadecimal number or all', (value) => value === 'all' || isMask(value))),
  scheduling: optional(
    object({
      flags: u32,
      runtime: digits,
      deadline: digits,
      period: digits,
      clamps: optional(object({ least: integer(0, 1024), most: integer(0, 1024) })),
    }),
  ),
  ioPriority: optional(integer(0, 0xffff)),
  timerSlack: optional(digits),
  machineCheck: optional(integer(0, 2)),
  ioFlusher: optional(flag),
  noTimestamp: optional(flag),
  noCpuid: optional(flag),
  speculation: optional(list(object({ feature: integer(0, 63), control: integer(0, 0xff) }))),
  memoryPolicy: optional(object(memoryPolicy)),
  callDispatch: optional(object({ mode: u32, offset: digits, length: digits, selector: digits })),
  sessionKeyring: optional(integer(1, 0x7fff_ffff)),
});

const groups: Shape<readonly ControlGroup[]> = list(object({ controllers: text(4096), path: text(4096) }));

const processShape: Shape<ProcessAttributes> = object({
  coreDumpFilter: optional(u32),
  memoryMerge: optional(flag),
  memoryDenied: optional(u32),
  tracedByAll: optional(flag),
  hugePages: optional(u32),
  sessionNice: optional(integer(-20, 19)),
  rangePolicies: optional(list(object({ ...memoryPolicy, start: digits, length: digits }))),
  controlGroups: optional(groups),
  threadGroups: optional(list(object({ tid: integer(1, 0x7fff_ffff), groups }))),
  semaphoreUndo: optional(
    list(object({ set: integer(0, 0x7fff_ffff), at: integer(0, 0xffff), value: integer(-32_768, 32_767) })),
  ),
  label: optional(text(4096)),
});

/** The records of all threads; older releases wrote none. */
export const attributesShape: Shape<readonly AttributesRecord[]> = absent(
  list(object({ tid: integer(1, 2 ** 22), thread: threadShape, process: optional(processShape) })),
  [],
);

/** As JSON has it: large numbers in quotes. */
export function encodeAttribute(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
