import { recordsName } from '@criujs/engine-kit';
import type { ImageRecord, IpcDescEntry } from '@criujs/images';
import { LinuxError } from '@criujs/linux';
import type { TreeImage } from '../../engine/restore/read.ts';
import { ipcFlag, queueBytes } from '../../facts/system-v.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { Session } from '../../run/session.ts';
import { createObject, flagsOf, type NewObject, ownerCall } from '../../system-v/create.ts';
import { objectsOf } from '../../system-v/description.ts';
import type { Maker } from '../../system-v/maker.ts';
import { type Message, messageBytes, readCapacity, readMessages } from '../../system-v/queues.ts';
import { systemVName } from '../../system-v/sorts.ts';
import { changed, isThere } from '../../system-v/there.ts';
import { invalid } from '../rules.ts';
import type { CompleteTree, LoadContext, LoadedTree } from './kind.ts';

/** Queues of the engine's IPC namespace. */
export const queueImage = 'ipcns-msg-0.img';

/** The largest type of a message: a long. msgop(2) */
const largestType = 2n ** 63n - 1n;

/** A queue of the images. */
interface SavedQueue {
  readonly object: NewObject;
  /** Bytes of text that it takes. */
  readonly capacity: number;
  readonly messages: readonly Message[];
  /** Processes that live again; null: others, or nobody. */
  readonly sender: number | null;
  readonly receiver: number | null;
  readonly isThere: boolean;
}

/** Reads the queues, and looks which of them are there. @throws EngineError */
export function loadQueues(tree: TreeImage, { session, records, readAll }: LoadContext): LoadedTree | undefined {
  if (records === null || !session.store.exists(queueImage)) return undefined;
  const recorded = new Map(records.systemV?.queues.map((it) => [it.id, it]));
  const living = new Set(tree.tasks.filter(({ state }) => state !== 'zombie').map(({ pid }) => pid));
  const user = (pid: number | null): number | null => (pid !== null && living.has(pid) ? pid : null);
  const all = objectsOf(queuesIn(readAll('IPCNS_MSG', queueImage)), queueImage).map(
    ({ object, entry: { capacity, messages } }): SavedQueue => {
      const record = recorded.get(object.id);
      if (record === undefined) throw invalid(recordsName, `nothing of message queue ${object.id}`);
      const there = isThere('msg', { ...object, ctime: record.ctime });
      if (there) refuseChanged(object, capacity, messages);
      const [sender, receiver] = [user(record.sender), user(record.receiver)];
      return { object, capacity, messages, sender, receiver, isThere: there };
    },
  );
  const made = all.filter((queue) => !queue.isThere);
  return {
    prepare(_helper, _workshop, maker) {
      for (const queue of made) makeQueue(queue, maker, session);
    },
    complete(restored) {
      for (const queue of all) if (queue.isThere) refuseChanged(queue.object, queue.capacity, queue.messages);
      for (const queue of made) useAgain(queue, restored);
    },
  };
}

type Entry = Pick<SavedQueue, 'capacity'> & {
  readonly desc: IpcDescEntry | undefined;
  readonly messages: Message[];
};

/** The images have the messages of each queue behind it. */
function queuesIn(read: readonly ImageRecord<'IPCNS_MSG'>[]): Entry[] {
  const entries: Entry[] = [];
  for (const { message, data } of read) {
    if (message.$typeName === 'ipc_msg_entry') {
      entries.push({ desc: message.desc, capacity: message.qbytes, messages: [] });
      continue;
    }
    const type = BigInt.asIntN(64, message.mtype);
    if (type < 1n) throw invalid(queueImage, `a message of the type ${type}`);
    entries.at(-1)?.messages.push({ type, text: (data ?? new Uint8Array()).subarray(0, message.msize) });
  }
  return entries;
}

/** @throws EngineError IPC_CHANGED */
function refuseChanged(object: NewObject, capacity: number, messages: readonly Message[]): void {
  try {
    const bytes = messages.reduce((sum, { text }) => sum + text.length, 0);
    const now = readMessages({ id: object.id, bytes: Math.max(bytes, capacity) });
    const isSame = now.every(({ type, text }, at) => {
      const before = messages[at];
      return before?.type === type && Buffer.compare(text, before.text) === 0;
    });
    if (!isSame || now.length !== messages.length)
      throw changed('msg', object, `it holds other messages: ${now.length}, and had ${messages.length}`);
    const room = readCapacity(object.id);
    if (room !== capacity) throw changed('msg', object, `it takes ${room} bytes, and took ${capacity}`);
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    throw changed('msg', object, `its messages cannot be read (${error.message})`);
  }
}

/** All messages but one that a process of the tree sends itself, and the one that its last receiver is to take. */
function makeQueue(queue: SavedQueue, maker: Maker, { warn }: Session): void {
  const { object, capacity, sender, receiver, messages } = queue;
  createObject('msg', object, maker, () => maker.call('msgget', [object.key, flagsOf(object)]), warn);
  // Messages need the room.
  const owner = ownerCall('msg', object, (bytes) => bytes.writeBigUInt64LE(BigInt(capacity), queueBytes));
  const early = sender === null ? messages : messages.slice(0, -1);
  const all = receiver === null ? early : [...early, passing(queue)];
  maker.act(() => maker.run([owner, ...all.map((message) => send(queue, message))], queueImage));
}

/** Has those processes use it last that did. */
function useAgain(queue: SavedQueue, tree: CompleteTree): void {
  const { messages, sender, receiver } = queue;
  if (receiver !== null) tree.run(receiver, [take(queue)], queueImage);
  if (sender === null) return;
  const last = messages.at(-1);
  tree.run(sender, [send(queue, last ?? passing(queue))], queueImage);
  if (last === undefined) tree.run(receiver ?? sender, [take(queue)], queueImage);
}

/** A message without text that is only sent to be taken, of a type that no other one has. */
function passing({ messages }: SavedQueue): Message {
  const types = new Set(messages.map(({ type }) => type));
  let type = largestType;
  while (types.has(type)) type--;
  return { type, text: new Uint8Array() };
}

function send({ object }: SavedQueue, message: Message): TaskCall {
  return {
    name: 'msgsnd',
    args: [object.id, messageBytes(message), message.text.length, ipcFlag.noWait],
    what: `send a message to ${systemVName('msg', object)}`,
  };
}

function take(queue: SavedQueue): TaskCall {
  const message = passing(queue);
  return {
    name: 'msgrcv',
    args: [queue.object.id, messageBytes(message), 0, message.type, ipcFlag.noWait],
    what: `take a message from ${systemVName('msg', queue.object)}`,
  };
}
