/** fsconfig(2) commands and the flags of fsopen(2) and fsmount(2), both close-on-exec: linux/mount.h */
export const fsconfig = { setFlag: 0, setString: 1, create: 6 } as const;
export const mountDescriptor = { openCloseOnExec: 1, mountCloseOnExec: 1 } as const;

/** AT_REMOVEDIR of unlinkat(2). */
export const removeDirectory = 0x200;

/** Files of every group that have its members: they are never written back, but have owners. cgroups(7) */
export const memberFiles: readonly string[] = ['cgroup.procs', 'tasks', 'cgroup.threads'];

/** Properties that every group of a hierarchy of cgroup v1 has. Documentation/admin-guide/cgroup-v1/cgroups.rst of the kernel */
export const everyGroupOfV1: readonly string[] = [
  'cgroup.clone_children',
  'notify_on_release',
  'cgroup.procs',
  'tasks',
];

/** Properties that can be read and written back, by controllers of cgroup v1. Documentation/admin-guide/cgroup-v1 */
export const propertiesOfV1: Readonly<Record<string, readonly string[]>> = {
  cpu: ['cpu.shares', 'cpu.cfs_period_us', 'cpu.cfs_quota_us', 'cpu.rt_period_us', 'cpu.rt_runtime_us', 'cpu.idle'],
  memory: [
    ...['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes', 'memory.swappiness', 'memory.soft_limit_in_bytes'],
    ...['memory.move_charge_at_immigrate', 'memory.oom_control', 'memory.use_hierarchy'],
    ...['memory.kmem.limit_in_bytes', 'memory.kmem.tcp.limit_in_bytes'],
  ],
  cpuset: [
    ...['cpuset.cpus', 'cpuset.mems', 'cpuset.memory_migrate', 'cpuset.cpu_exclusive', 'cpuset.mem_exclusive'],
    ...['cpuset.mem_hardwall', 'cpuset.memory_spread_page', 'cpuset.memory_spread_slab', 'cpuset.sched_load_balance'],
    'cpuset.sched_relax_domain_level',
  ],
  blkio: ['blkio.weight'],
  net_cls: ['net_cls.classid'],
  net_prio: ['net_prio.ifpriomap'],
  pids: ['pids.max'],
  devices: ['devices.list'],
};

/** The same of cgroup v2, where one hierarchy has all controllers. Documentation/admin-guide/cgroup-v2.rst */
export const propertiesOfV2: readonly string[] = [
  ...['cgroup.type', 'cgroup.subtree_control', 'cgroup.max.descendants', 'cgroup.max.depth', 'cgroup.freeze'],
  ...['cpu.weight', 'cpu.max', 'cpu.max.burst', 'cpu.idle', 'cpu.uclamp.min', 'cpu.uclamp.max'],
  ...['cpuset.cpus', 'cpuset.mems', 'pids.max'],
  ...['memory.min', 'memory.low', 'memory.high', 'memory.max', 'memory.oom.group', 'memory.swap.high'],
  ...['memory.swap.max', 'memory.zswap.max', 'io.weight', 'io.max', 'cgroup.procs', 'cgroup.threads'],
];

/** Properties that a group needs before it has members or groups of its own, in this order. */
export const earlyProperties: readonly string[] = [
  ...['cgroup.type', 'cgroup.clone_children', 'cpuset.cpus', 'cpuset.mems', 'devices.list'],
  ...['memory.kmem.limit_in_bytes', 'memory.swappiness', 'memory.oom_control', 'memory.use_hierarchy'],
  'cgroup.subtree_control',
];

/** Properties of which the kernel takes one line at a time. */
export const linesOneByOne: readonly string[] = ['net_prio.ifpriomap', 'devices.list', 'io.max', 'io.weight'];

/** All that is ever written of a group: an image may name other files, such as `release_agent` or `cgroup.kill`. */
export const writtenProperties: ReadonlySet<string> = new Set([
  ...everyGroupOfV1,
  ...Object.values(propertiesOfV1).flat(),
  ...propertiesOfV2,
]);
