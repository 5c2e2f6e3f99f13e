import { unsupported } from '../rules.ts';
import type { TreeKind } from './kind.ts';

/**
 * Ids of namespaces in the images; 0 where the writer did not know of the kind. Clocks are left out: a program can live with
 * others.
 */
const fields = ['pidNsId', 'netNsId', 'ipcNsId', 'utsNsId', 'mntNsId', 'userNsId', 'cgroupNsId'] as const;

/** Namespaces of its own: for now images have none. What a process has now `kinds/processes` says. */
export const namespaces: TreeKind = {
  name: 'namespaces',
  // Its words are those of `kinds/processes/namespaces.ts`.
  describe: [],
  check({ tasks, rootIds: root }) {
    if (root === undefined) return;
    for (const task of tasks) {
      if (task.state === 'zombie') continue;
      const { ids } = task;
      const own = fields.find((field) => root[field] !== 0 && ids[field] !== 0 && ids[field] !== root[field]);
      if (own !== undefined)
        throw unsupported(
          `process ${task.pid} lived in a namespace of its own (${own})`,
          'Restore it with CRIU: namespaces are not supported yet.',
        );
    }
  },
};
