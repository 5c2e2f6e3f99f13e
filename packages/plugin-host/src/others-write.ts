/**
 * Whether others than its owner may write a file or a folder. Where each user has a group of the same number, that group is the user.
 *
 * @param stat of the file itself, links followed
 */
export function othersMayWrite({ mode, uid, gid }: { mode: number; uid: number; gid: number }): boolean {
  return (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== uid);
}
