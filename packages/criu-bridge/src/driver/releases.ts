import { type HookName, hookTable } from '@criujs/plugin-sdk';

/** A release of CRIU. */
export interface Release {
  /** As it says itself: `4.1.1`. */
  readonly version: string;
  /** The commit that it was built from, where it says. */
  readonly gitId: string | null;
}

/** The oldest release that the bridge serves: its plugins have names for their hooks, and devices. */
export const oldestServed = '3.17';

/** Compares two versions number by number: negative, zero or positive. */
export function compareVersions(a: string, b: string): number {
  const numbers = (version: string): number[] => version.split('.').map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether a release is older than what `since` says: `3.18`, or `after 4.2` for what no release has yet. */
export function lacks({ version }: Release, since: string): boolean {
  const after = since.startsWith('after ');
  const difference = compareVersions(version, after ? since.slice('after '.length) : since);
  return after ? difference <= 0 : difference < 0;
}

/** The hooks that a release never calls. */
export function hooksMissing(release: Release): HookName[] {
  return (Object.keys(hookTable) as HookName[]).filter((name) => lacks(release, hookTable[name].since));
}
