import { irrelevant, moving, type Property, refused, restored } from './property.ts';

/** Every line of /proc/PID/fdinfo/FD. proc_pid_fdinfo(5); `show_fdinfo` in the kernel up to Linux 6.18 */
export const fdinfoLines: readonly Property[] = [
  ...moving('pos', 'the position of the file'),
  ...moving('flags', 'how it was opened; compared without O_DIRECTORY, which does nothing later and CRIU leaves out'),
  ...irrelevant('mnt_id', 'the number of the mount on this boot; the file is found by its path'),
  ...irrelevant('ino', 'the inode: the file is found by its path; one that was deleted is made anew'),
  ...moving('lock', 'locks of files and leases, with `--file-locks`; other programs find them'),
  ...moving('eventfd-count', 'the count of an eventfd'),
  ...restored('eventfd-semaphore', 'EFD_SEMAPHORE'),
  ...irrelevant('eventfd-id', 'a number that the kernel gives each eventfd'),
  ...moving('tfd', 'what an epoll watches'),
  ...restored('sigmask', 'the signals of a signalfd'),
  ...restored('clockid settime it_interval', 'the clock of a timerfd, how it was set, and its interval'),
  ...moving('it_value', 'what is left of a timerfd'),
  ...moving('ticks', 'how often a timerfd has expired without being read'),
  ...moving('inotify fanotify', 'watches of files, whose inodes may be made anew'),
  ...moving('Pid NSpid', 'the process of a pidfd, with its pid of now'),
  ...restored(
    'scm_fds',
    'files on their way through a unix socket; in a stream they come with the first byte that waits of what one process has sent before them, since the kernel tells no more',
  ),
  ...refused('map_type key_size value_size max_entries map_flags map_extra memlock map_id frozen', 'maps of BPF'),
  ...refused('prog_type prog_jited prog_tag prog_id run_time_ns run_cnt recursion_misses', 'programs of BPF'),
  ...refused('link_type link_id attach_type target_obj_id target_btf_id', 'links of BPF'),
  ...restored('SqMask CqMask', 'how large a ring of io_uring is'),
  ...moving('SqHead SqTail CachedSqHead CqHead CqTail CachedCqTail', 'the positions of a ring of io_uring'),
  ...restored(
    'SQEs CQEs PollList CqOverflowList',
    'what waits in a ring of io_uring: nothing that only the kernel knows',
  ),
  ...refused('SqThread SqThreadCpu SqTotalTime SqWorkTime', 'a thread of the kernel for a ring of io_uring'),
  ...refused('UserFiles UserBufs NAPI', 'what is registered with a ring of io_uring'),
  ...refused('pending total API', 'userfaultfd'),
  ...refused('tty-index', 'terminals'),
  ...refused('iff', 'network devices of one’s own (/dev/net/tun), without a plugin'),
  ...refused('exp_name size count', 'buffers that devices share (dma-buf), without a plugin'),
  ...refused('vfio-device-syspath', 'devices given to a program (VFIO), without a plugin'),
];

/** Lines of what only plugins take: they know what becomes of them. */
export const ofPlugins: RegExp = /^(?:drm|amd|panthor|i915)-/;
