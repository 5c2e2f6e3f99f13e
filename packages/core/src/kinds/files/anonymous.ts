/** Names of files without a path, as the kernel gives them, and what people call them. */
const anonymousWords: Readonly<Record<string, string>> = {
  eventfd: 'event counter (eventfd)',
  eventpoll: 'event poll (epoll)',
  timerfd: 'timer descriptor (timerfd)',
  signalfd: 'signal descriptor (signalfd)',
  inotify: 'file watch (inotify)',
  fanotify: 'file watch (fanotify)',
  io_uring: 'asynchronous I/O ring (io_uring)',
  perf_event: 'performance counter (perf_event)',
  userfaultfd: 'page fault handler (userfaultfd)',
  pidfd: 'process handle (pidfd)',
  'bpf-map': 'BPF map',
  'bpf-prog': 'BPF program',
  bpf_link: 'BPF link',
  'landlock-ruleset': 'Landlock rules',
  'seccomp notify': 'seccomp listener',
};

/** The kernel's name of a file without a path: `anon_inode:[timerfd]` is `timerfd`; null for anything else. */
export function anonymousName(link: string): string | null {
  return /^anon_inode:\[?([^\]]+)\]?$/.exec(link)?.[1] ?? null;
}

/** What people call it. */
export function anonymousWord(name: string): string {
  return anonymousWords[name] ?? `anonymous file ${name}`;
}
