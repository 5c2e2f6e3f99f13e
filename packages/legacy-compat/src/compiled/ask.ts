import type { HookArgs, HookName } from '@criujs/plugin-sdk';
import { hookTable } from '@criujs/plugin-sdk';
import type { Message, MessageInput } from '@criujs/wire';

/** A hook's arguments as a message, and the descriptor that goes with it. */
export interface Asked {
  readonly message: MessageInput<'HOOK'>;
  readonly descriptor?: number;
}

type Fields = Omit<MessageInput<'HOOK'>, 'type' | 'hook' | 'sequence'> & { readonly fd?: number };

/** How the arguments of each hook travel. What C has as a file's stat(2) is asked of the descriptor, over there. */
const fieldsOf: { readonly [N in HookName]: (args: HookArgs<N>) => Fields } = {
  DUMP_UNIX_SK: ({ fd, inode }) => ({ fd, id: inode }),
  RESTORE_UNIX_SK: ({ inode }) => ({ id: inode }),
  DUMP_EXT_FILE: ({ fd, id }) => ({ fd, id }),
  RESTORE_EXT_FILE: ({ id }) => ({ id }),
  DUMP_EXT_MOUNT: ({ id, mountpoint }) => ({ id, path: mountpoint }),
  RESTORE_EXT_MOUNT: ({ id, mountpoint, oldRoot }) => ({ id, path: mountpoint, root: oldRoot }),
  DUMP_EXT_LINK: ({ index, type, kind }) => ({ id: index, kind: type, path: kind }),
  HANDLE_DEVICE_VMA: ({ fd }) => ({ fd }),
  UPDATE_VMA_MAP: ({ path, address, oldOffset }) => ({ path, address, offset: oldOffset }),
  RESUME_DEVICES_LATE: ({ pid }) => ({ id: pid }),
  PAUSE_DEVICES: ({ pid }) => ({ id: pid }),
  CHECKPOINT_DEVICES: ({ pid }) => ({ id: pid }),
  POST_FORKING: () => ({}),
  RESTORE_INIT: () => ({}),
  DUMP_DEVICES_LATE: ({ pid }) => ({ id: pid }),
};

/** The message for a call of a hook. */
export function askHook<N extends HookName>(hook: N, args: HookArgs<N>): Asked {
  const { fd, ...fields } = fieldsOf[hook](args);
  const message: MessageInput<'HOOK'> = { type: 'HOOK', hook: hookTable[hook].number, ...fields };
  return fd === undefined ? { message } : { message, descriptor: fd };
}

/** What came back. */
export interface Answer {
  readonly reply: Message<'REPLY'>;
  /** A descriptor that the plugin opened; it is the receiver's. */
  readonly descriptor: number | null;
}
