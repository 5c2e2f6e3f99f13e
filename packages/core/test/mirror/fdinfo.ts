import { irrelevant, moving, type Property, refused, restored } from './property.ts';

/** Every line of /proc/PID/fdinfo/FD. proc_pid_fdinfo(5); `show_fdinfo` in the kernel up to Linux 6.18 */
export const fdinfoLines: readonly Property[] = [
  ...moving('pos', 'the position of the file'),
  ...moving('flags', 'how it was opened; compared without O_DIRECTORY, which does nothing later and CRIU leaves out'),
  ...irrelevant('mnt_id', 'the number of the mount on this boot; the file is found by its path'),
  ...irrelevant('ino', 'the inode: the file is found by its path; one that was deleted is made anew'),
  ...refused('lock', 'locks of files and leases'),
  ...moving('eventfd-count', 'the count of an eventfd'),
  ...restored('eventfd-semaphore', 'EFD_SEMAPHORE'),
  ...irrelevant('eventfd-id', 'a number that the kernel gives each eventfd'),
  ...moving('tfd', 'what an epoll watches'),
  ...refused('sigmask', 'signalfd'),
  ...refused('clockid ticks settime', 'timerfd'),
  ...refused('it_value it_interval', 'timerfd'),
  ...refused('inotify fanotify', 'watches of files'),
  ...refused('Pid NSpid', 'pidfd'),
  ...refused('scm_fds', 'descriptors on their way through a unix socket'),
  ...refused('map_type key_size value_size max_entries map_flags map_extra memlock map_id frozen', 'maps of BPF'),
  ...refused('prog_type prog_jited prog_tag prog_id run_time_ns run_cnt recursion_misses', 'programs of BPF'),
  ...refused('link_type link_id attach_type target_obj_id target_btf_id', 'links of BPF'),
  ...refused('SqMask SqHead SqTail CachedSqHead CqMask CqHead CqTail CachedCqTail SQEs CQEs', 'io_uring'),
  ...refused('SqThread SqThreadCpu SqTotalTime SqWorkTime UserFiles UserBufs PollList CqOverflowList', 'io_uring'),
  ...refused('pending total API', 'userfaultfd'),
  ...refused('tty-index', 'terminals'),
  ...refused('iff', 'network devices of one’s own (/dev/net/tun), without a plugin'),
  ...refused('exp_name size count', 'buffers that devices share (dma-buf), without a plugin'),
  ...refused('vfio-device-syspath', 'devices given to a program (VFIO), without a plugin'),
];

/** Lines of what only plugins take: they know what becomes of them. */
export const ofPlugins: RegExp = /^(?:drm|amd|panthor|i915)-/;
