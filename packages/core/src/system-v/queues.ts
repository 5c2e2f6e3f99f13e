import { errno, keptBlock, LinuxError, type SystemVObject, trySyscall } from '@criujs/linux';
import { copyMessage, ipcCommand, ipcFlag, ipcStructure, messageType, queueBytes } from '../facts/system-v.ts';

/** A message that waits in a queue. */
export interface Message {
  readonly type: bigint;
  readonly text: Uint8Array;
}

/** How many bytes of text a queue takes. @throws LinuxError */
export function readCapacity(id: number): number {
  const block = keptBlock(ipcStructure);
  const result = trySyscall('msgctl', id, ipcCommand.stat, block.address);
  if (result < 0) throw new LinuxError('msgctl', -result);
  return Number(block.view.getBigUint64(queueBytes, true));
}

/** Why the messages of a queue cannot be read without taking them; null: they can. */
export function whyUnreadable({ id }: SystemVObject<'msg'>): 'unsupported' | 'refused' | null {
  const { address } = keptBlock(messageType + 1);
  const result = trySyscall('msgrcv', id, address, 1, 0, copyMessage | ipcFlag.noWait);
  if (result === -errno.ENOSYS) return 'unsupported';
  return result === -errno.EACCES ? 'refused' : null;
}

/** Reads the messages of a queue and leaves them there. @throws LinuxError */
export function readMessages({ id, bytes }: Pick<SystemVObject<'msg'>, 'id' | 'bytes'>): Message[] {
  const block = keptBlock(messageType + Math.max(1, bytes));
  const messages: Message[] = [];
  for (;;) {
    const flags = copyMessage | ipcFlag.noWait;
    const length = trySyscall('msgrcv', id, block.address, block.length - messageType, messages.length, flags);
    if (length === -errno.ENOMSG) return messages;
    if (length < 0) throw new LinuxError('msgrcv', -length);
    const text = Uint8Array.from(block.bytes.subarray(messageType, messageType + length));
    messages.push({ type: block.view.getBigInt64(0, true), text });
  }
}

/** As msgsnd(2) takes it. */
export function messageBytes({ type, text }: Message): Buffer {
  const bytes = Buffer.alloc(messageType + text.length);
  bytes.writeBigInt64LE(type, 0);
  bytes.set(text, messageType);
  return bytes;
}
