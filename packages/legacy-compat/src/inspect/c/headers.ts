/** What CRIU gives to plugins: the macros that are read here, and the log. Their own texts are not read. */
const publicHeaders: readonly string[] = ['criu-plugin.h', 'criu-log.h'];

/** Folders of the C library and the kernel, and the library's own headers: nothing there registers a hook of CRIU. */
const systemFolders =
  /^(sys|linux|asm|asm-generic|bits|arpa|net|netinet|netpacket|rpc|scsi|drm|libdrm|gnu|rdma|mtd|sound|video)\//;
const systemHeaders: readonly string[] = [
  ...[
    'assert',
    'complex',
    'ctype',
    'errno',
    'fenv',
    'float',
    'inttypes',
    'iso646',
    'limits',
    'locale',
    'math',
    'setjmp',
  ],
  ...['signal', 'stdalign', 'stdarg', 'stdatomic', 'stdbool', 'stddef', 'stdint', 'stdio', 'stdlib', 'stdnoreturn'],
  ...['string', 'tgmath', 'threads', 'time', 'uchar', 'wchar', 'wctype', 'aio', 'cpio', 'dirent', 'dlfcn', 'fcntl'],
  ...[
    'fmtmsg',
    'fnmatch',
    'ftw',
    'glob',
    'grp',
    'iconv',
    'langinfo',
    'libgen',
    'link',
    'elf',
    'mqueue',
    'ndbm',
    'netdb',
  ],
  ...[
    'nl_types',
    'poll',
    'pthread',
    'pwd',
    'regex',
    'sched',
    'search',
    'semaphore',
    'spawn',
    'strings',
    'syslog',
    'tar',
  ],
  ...[
    'termios',
    'ulimit',
    'unistd',
    'utime',
    'utmpx',
    'wordexp',
    'alloca',
    'byteswap',
    'endian',
    'err',
    'error',
    'execinfo',
  ],
  ...[
    'features',
    'getopt',
    'ifaddrs',
    'malloc',
    'mntent',
    'obstack',
    'paths',
    'pty',
    'resolv',
    'sysexits',
    'ucontext',
    'utmp',
  ],
].map((it) => `${it}.h`);

/** Names of CRIU's own headers, which no release installs (criu/include, include/common and compel/include of its source). */
const internalFolders = /(^|\/)(criu|common|compel|asm|images|uapi|plugins)\/|\.pb-c\.h$/;
const internalHeaders: readonly string[] = [
  ...['action-scripts', 'aio', 'apparmor', 'autofs', 'bfd', 'bitops', 'cgroup', 'clone-noasan', 'config', 'cr_options'],
  ...[
    'cr-errno',
    'cr-service',
    'criu-amdgpu',
    'crtools',
    'eventfd',
    'eventpoll',
    'external',
    'fault-injection',
    'fdinfo',
  ],
  ...[
    'fdstore',
    'fifo',
    'file-ids',
    'file-lock',
    'filesystems',
    'files',
    'files-ext',
    'files-reg',
    'fsnotify',
    'hugetlb',
  ],
  ...[
    'image',
    'image-desc',
    'images',
    'imgset',
    'inet_diag',
    'infect',
    'int',
    'inventory',
    'io_uring',
    'kcmp',
    'kerndat',
  ],
  ...[
    'log',
    'lock',
    'lsm',
    'magic',
    'mem',
    'memfd',
    'mount',
    'namespaces',
    'net',
    'netfilter',
    'page-pipe',
    'page-xfer',
  ],
  ...['pagemap', 'parasite', 'parasite-syscall', 'pie', 'pipes', 'plugin', 'prctl', 'proc_parse', 'protobuf', 'pstree'],
  ...['protobuf-desc', 'ptrace', 'restorer', 'rst_info', 'rst-malloc', 'seccomp', 'seize', 'servicefd', 'setproctitle'],
  ...['shmem', 'signalfd', 'sk-inet', 'sk-packet', 'sk-queue', 'sockets', 'stats', 'string', 'sysctl', 'sysfs_parse'],
  ...['timens', 'timerfd', 'timer', 'tls', 'tty', 'tun', 'types', 'unix_diag', 'util', 'util-pie', 'util-vdso', 'uffd'],
  ...['vdso', 'version', 'vma', 'xmalloc', 'compiler', 'list', 'err', 'scm', 'bug'],
].map((it) => `${it}.h`);

export type HeaderKind = 'public' | 'system' | 'internal' | 'other';

/** What a header is, of those that are not the author's own. @param isAngled `<name>` */
export function kindOfHeader(name: string, isAngled: boolean): HeaderKind {
  const last = name.slice(name.lastIndexOf('/') + 1);
  if (publicHeaders.includes(last)) return 'public';
  if (isAngled) return systemFolders.test(name) || systemHeaders.includes(name) ? 'system' : 'other';
  if (internalFolders.test(name) || internalHeaders.includes(name)) return 'internal';
  return systemFolders.test(name) || systemHeaders.includes(name) ? 'system' : 'other';
}
