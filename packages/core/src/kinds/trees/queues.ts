import { readSystemV, type SystemVObject } from '@criujs/linux';
import type { FrozenTree } from '../../machinery/freeze/freeze.ts';
import { descriptionOf } from '../../system-v/description.ts';
import { readCapacity, readMessages, whyUnreadable } from '../../system-v/queues.ts';
import { systemVName } from '../../system-v/sorts.ts';
import type { Family, Relative, SaveContext, TreeKind, TreeProblem, TreeResource } from './kind.ts';
import { loadQueues, queueImage } from './queues-load.ts';

/** System V message queues to which a process of the tree was the last to send, or from which it was the last to receive. msgop(2) */
export const queues: TreeKind = {
  name: 'System V message queues',
  describe: [
    {
      subject: 'pipes and events',
      taken: ['System V message queues that a process of the tree used last, with their messages'],
    },
  ],
  survey,
  recognise,
  save,
  load: loadQueues,
};

/** A queue, and a process of the tree that has used it. */
interface UsedQueue {
  readonly queue: SystemVObject<'msg'>;
  readonly user: Pick<Relative, 'pid' | 'command'>;
}

function usedBy({ tasks }: { readonly tasks: readonly Pick<Relative, 'pid' | 'command'>[] }): UsedQueue[] {
  const byPid = new Map(tasks.map((task) => [task.pid, task]));
  return readSystemV('msg').flatMap((queue): UsedQueue[] => {
    const user = byPid.get(queue.sender) ?? byPid.get(queue.receiver);
    return user === undefined ? [] : [{ queue, user }];
  });
}

function survey(tree: Family): TreeResource[] {
  return usedBy(tree).flatMap(({ queue, user: { pid, command } }) => {
    if (whyUnreadable(queue) !== null) return [];
    const messages = `${queue.count} message${queue.count === 1 ? '' : 's'}`;
    return [{ pid, command, resource: `${systemVName('msg', queue)}, ${messages}` }];
  });
}

function recognise(tree: Family): TreeProblem[] {
  return usedBy(tree).flatMap(({ queue, user: { pid, command } }): TreeProblem[] => {
    const reason = whyUnreadable(queue);
    if (reason === null) return [];
    const [why, remedy] =
      reason === 'refused'
        ? (['this user may not read its messages', 'Dump it as root, or as the owner of the queue.'] as const)
        : ([
            'this kernel shows no messages without taking them',
            'Dump it on a kernel with CONFIG_CHECKPOINT_RESTORE, or remove the queue.',
          ] as const);
    return [{ pid, command, resource: systemVName('msg', queue), why, remedy }];
  });
}

function save(tree: FrozenTree, { images, records }: SaveContext): void {
  const used = usedBy(tree);
  if (used.length === 0) return;
  images.write(
    'IPCNS_MSG',
    queueImage,
    used.flatMap(({ queue }) => {
      const messages = readMessages(queue);
      return [
        { message: { desc: descriptionOf(queue), qbytes: readCapacity(queue.id), qnum: messages.length } },
        ...messages.map(({ type, text }) => ({ message: { mtype: type, msize: text.length }, data: text })),
      ];
    }),
  );
  const pids = new Set(tree.tasks.map(({ pid }) => pid));
  const member = (pid: number): number | null => (pids.has(pid) ? pid : null);
  records.systemV.queues.push(
    ...used.map(({ queue: { id, ctime, sender, receiver } }) => ({
      ...{ id, ctime },
      sender: member(sender),
      receiver: member(receiver),
    })),
  );
}
