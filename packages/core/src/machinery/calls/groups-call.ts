import type { TaskCall } from './remote.ts';

/** setgroups(2): a list of 32-bit ids. */
export function groupsCall(groups: readonly number[], what: string): TaskCall {
  // Bytes that a task gets may not be none at all.
  const list = Buffer.alloc(Math.max(4, groups.length * 4));
  groups.forEach((group, at) => {
    list.writeUInt32LE(group, at * 4);
  });
  return { name: 'setgroups', args: [groups.length, list], what };
}
