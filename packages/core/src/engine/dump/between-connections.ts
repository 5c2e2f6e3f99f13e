import { pause } from '@criujs/engine-kit/targets';
import { closeFd } from '@criujs/linux';
import { type BeforeFreeze, type FrozenTree, freezeTree } from '../../machinery/freeze/freeze.ts';
import type { Holds } from '../../machinery/guard/holds.ts';
import { mayHoldNetwork } from '../../network/hold-connections.ts';
import { holdNewConnections } from '../../network/hold-new.ts';
import { isConnecting } from '../../network/is-connecting.ts';
import { socketsOf } from '../../network/sockets.ts';
import type { EngineDumpOptions } from '../../options.ts';
import type { Session } from '../../run/session.ts';

/** How long a tree is waited for that is connecting, in milliseconds. */
const connectsMs = 1000;
/** From then on nobody new comes in while it goes on with those that wait. */
const closesMs = 250;
/** Between two looks. */
const stepMs = 5;

/** A tree that stands still, and since when. */
export interface Frozen {
  readonly tree: FrozenTree;
  readonly frozenAt: number;
}

/**
 * Freezes a tree. If its connections are dumped, it is let go once more where one is being made or waits to be accepted, which is over in a
 * moment; from then on nobody new is connected to it until it runs again: a connection that nobody has accepted is in no image.
 * @throws EngineError
 */
export function freezeBetweenConnections(
  options: EngineDumpOptions,
  holds: Holds,
  session: Session,
  before: BeforeFreeze,
): Frozen {
  const { pid, tcpEstablished, networkLock } = options;
  const since = performance.now();
  const isAsked = tcpEstablished && mayHoldNetwork();
  for (;;) {
    const frozenAt = performance.now();
    const tree = freezeTree(pid, session, before);
    if (!isAsked) return { tree, frozenAt };
    try {
      const own = socketsOf(tree.tasks.flatMap((task) => (task.state === 'zombie' ? [] : [task.pid])));
      if (networkLock !== 'skip' && !holds.holds(doors))
        holdNewConnections(own, { what: doors, method: networkLock }, holds.hold);
      if (frozenAt - since > connectsMs || !isConnecting(own, options)) return { tree, frozenAt };
      if (frozenAt - since < closesMs) holds.release();
    } catch (error) {
      letGo(tree);
      throw error;
    }
    letGo(tree);
    session.checkAborted();
    pause(stepMs);
  }
}

const doors = 'the way to sockets that listen';

function letGo(tree: FrozenTree): void {
  tree.thaw();
  for (const { pidfd } of tree.tasks) closeFd(pidfd);
}
