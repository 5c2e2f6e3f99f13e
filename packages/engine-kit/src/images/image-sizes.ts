const MiB = 1024 * 1024;

/**
 * The most bytes of an image that is read into memory, by the first word of its name: many times what the largest program needs.
 * One task has its few kilobytes; maps, runs of pages and descriptors are tens of bytes each, and a million of them must do.
 */
const largest: Readonly<Record<string, number>> = {
  inventory: MiB,
  pstree: 64 * MiB,
  core: 16 * MiB,
  ids: MiB,
  creds: MiB,
  fs: MiB,
  mm: 64 * MiB,
  pagemap: 64 * MiB,
  fdinfo: 32 * MiB,
  remap: 64 * MiB,
  stats: MiB,
  criujs: 32 * MiB,
};

/** Of all others: open files, and what waits in pipes and sockets. */
const largestOther = 256 * MiB;

/** The most bytes that an image of this name may have where it is read as a whole: by `show`, by restore and by a bridge. */
export function largestImage(name: string): number {
  return largest[/^[a-z]*/.exec(name)?.[0] ?? ''] ?? largestOther;
}
