/** What a native part was built for, or runs on. */
export interface Platform {
  /** As Node names it: `x64`, `arm64`. */
  readonly arch: string;
  /** The version of the GNU C library; null: another one, musl for example. */
  readonly glibc: string | null;
}

let ours: Platform | undefined;

/** This machine. */
export function thisPlatform(): Platform {
  ours ??= look();
  return ours;
}

/** The folder of what is shipped for a platform: `linux-x64-glibc-2.36`. */
export function folderOf({ arch, glibc }: Platform): string {
  return glibc === null ? `linux-${arch}-musl` : `linux-${arch}-glibc-${glibc}`;
}

/** Whether what lies in this folder runs here: a C library runs what was built with an older one. */
export function runsHere(folder: string, { arch, glibc }: Platform = thisPlatform()): boolean {
  if (glibc === null) return folder === folderOf({ arch, glibc });
  const start = `linux-${arch}-glibc-`;
  return folder.startsWith(start) && !isNewer(folder.slice(start.length), glibc);
}

function isNewer(version: string, than: string): boolean {
  const [a, b] = [version, than].map((it) => it.split('.').map(Number));
  const [major = 0, minor = 0] = a ?? [];
  const [otherMajor = 0, otherMinor = 0] = b ?? [];
  return major > otherMajor || (major === otherMajor && minor > otherMinor);
}

function look(): Platform {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return { arch: process.arch, glibc: header.glibcVersionRuntime ?? null };
}
