/**
 * The protocol as data. `native/wire.h` says the same for C, and a test compares them; PROTOCOL.md says what it means.
 *
 * A message is one packet of a SOCK_SEQPACKET socket: the header, the fields of its type in the order of this table, then
 * its texts, each ended by a zero byte that its length does not count. Numbers are little-endian; a field lies at the next
 * multiple of its own size.
 */

/** Both ends must speak the same one. */
export const protocolVersion = 1;

/** The first four bytes of every message: `CRJW`. */
export const magic: number = Buffer.from('CRJW').readUInt32LE();

/** Bytes of the longest message. */
export const longestMessage = 12_288;
/** Bytes of the longest text, without its zero byte: Linux' PATH_MAX less one. */
export const longestText = 4095;
/** Descriptors that come with one FILES. All other messages have one at most. */
export const mostFiles = 128;
/** Bytes of a token. */
export const tokenLength = 32;

/** What comes first in every message. */
export const header = {
  magic: 'u32',
  version: 'u16',
  type: 'u16',
  /** Counted by the asking side; the answer has the same number. */
  sequence: 'u32',
  /** Of the whole message in bytes. */
  length: 'u32',
} as const;

export type FieldKind = 'u16' | 'u32' | 'i32' | 'u64' | 'token';
export const messages = {
  /** The first message of a connection, from the asking side. */
  HELLO: {
    code: 1,
    fields: {
      token: 'token',
      /** 0 dump, 1 pre-dump, 2 restore. */
      stage: 'i32',
      /** How many hooks the asking program knows, by CRIU's numbers. */
      hooks: 'u32',
      /** Of {@link helloFlags}. */
      flags: 'u32',
      pid: 'i32',
    },
    /** Names of the plugins in the image's inventory, one a line; for `check_and_remove_inventory_plugin`. */
    texts: ['inventory'],
  },
  /** Answers HELLO. */
  WELCOME: {
    code: 2,
    fields: {
      /** 0, or a negated error number: refused. */
      result: 'i32',
      /** A bit a hook, by CRIU's numbers: what is served. */
      served: 'u32',
      /** Milliseconds that an answer may take. */
      deadline: 'u32',
      /** Of a compiled plugin: 1 functions of fixed names, 2 a descriptor. */
      structure: 'u32',
      /** Of a compiled plugin, as it declares them. */
      version: 'u32',
      maxHooks: 'u32',
      /** Of {@link welcomeFlags}. */
      flags: 'u32',
    },
    /** The plugin's name, and why it is refused. */
    texts: ['name', 'error'],
  },
  /** A call of a hook. A descriptor that it is about comes along. */
  HOOK: {
    code: 3,
    fields: {
      /** UPDATE_VMA_MAP: where the memory map begins, and its offset in bytes. */
      address: 'u64',
      offset: 'u64',
      /** What fstat(2) says of the descriptor. Devices as makedev(3) has them. */
      device: 'u64',
      rdev: 'u64',
      inode: 'u64',
      /** Of the open file, in bytes. */
      position: 'u64',
      /** CRIU's number of the hook. */
      hook: 'u32',
      /** File id, mount id, socket inode, index of a link, pid. */
      id: 'u32',
      /** DUMP_EXT_LINK: the link's ARPHRD type. */
      kind: 'i32',
      mode: 'u32',
      /** As fcntl(2) F_GETFL gives them. */
      flags: 'u32',
      /** F_GETOWN_EX, F_GETSIG and F_GETOWNER_UIDS of fcntl(2). A pid of 0: nobody. */
      ownerPid: 'i32',
      ownerType: 'i32',
      ownerSignal: 'i32',
      ownerUid: 'u32',
      ownerEuid: 'u32',
      /** The process that calls, as it sees itself. */
      pid: 'i32',
      /** Of {@link hookFlags}. */
      about: 'u32',
    },
    /** What the link in /proc says of the file, a mount point, a device's path, a link's kind; and the old root. */
    texts: ['path', 'root'],
  },
  /** Answers HOOK and EXIT. A descriptor that was asked for comes along. */
  REPLY: {
    code: 4,
    fields: {
      /** UPDATE_VMA_MAP: the new offset in bytes. */
      offset: 'u64',
      /** 0, or a negated error number; -ENOTSUP (-95) declines. */
      result: 'i32',
      /** Of {@link replyFlags}. */
      flags: 'u32',
    },
    /** Why it failed, in one line; and the plugin that answered. */
    texts: ['error', 'plugin'],
  },
  /** The run is over. */
  EXIT: {
    code: 5,
    fields: {
      stage: 'i32',
      /** 0 when it went well. */
      result: 'i32',
    },
    texts: [],
  },
  /** A line for the log; not answered. */
  LOG: {
    code: 6,
    fields: {
      /** CRIU's: 1 error, 2 warning, 3 information, 4 debugging. */
      level: 'u32',
    },
    texts: ['text'],
  },
  /** A compiled plugin wants to be in the image's inventory; not answered. */
  INVENTORY: { code: 7, fields: {}, texts: ['name'] },
  /** Before a REPLY to RESTORE_EXT_FILE: files that will be asked for later, a descriptor each. */
  FILES: {
    code: 8,
    fields: { count: 'u32' },
    /** Their ids in the order of the descriptors, in decimal digits with a space after each. */
    texts: ['ids'],
  },
} as const;

/** Bits of HELLO's `flags`. */
export const helloFlags = {
  /** The caller is a fork of the program that was loaded: this connection is for a single call. */
  FORKED: 1,
  /** Tell what you are, and do nothing. */
  DESCRIBE: 2,
  /** `inventory` is the list of the images, if an empty one. Without it they have none, and every plugin is needed. */
  LISTED: 4,
} as const;

/** Bits of WELCOME's `flags`. */
export const welcomeFlags = {
  /** The sender need not wait for the answer to DUMP_EXT_FILE: the driver of CRIU checks the answers before the dump counts. */
  MAY_POST: 1,
} as const;

/** Bits of HOOK's `about`: which fields say something, and what the asking side can do. */
export const hookFlags = {
  /** `device`, `rdev`, `inode`, `mode`. */
  STAT: 1,
  /** `flags`, `position`, `owner…`. */
  OPEN: 2,
  /** `path` is what the link in /proc says. */
  LINK: 4,
  /** Other files of the restore may come along, in FILES. */
  AHEAD: 8,
  /** Nobody waits for the answer: it is given only if it is a failure. */
  POSTED: 16,
} as const;

/** Bits of REPLY's `flags`. */
export const replyFlags = {
  /** RESTORE_EXT_FILE: ask again when other files are there. */
  RETRY: 1,
  /** UPDATE_VMA_MAP: `offset` counts. */
  CHANGED: 2,
  /** RESTORE_EXT_MOUNT: the descriptor is a mount, as open_tree(2) makes one: attach it. */
  MOUNT: 4,
} as const;

export type MessageType = keyof typeof messages;

type ValueOf<K extends FieldKind> = K extends 'u64' ? bigint : K extends 'token' ? Uint8Array : number;

type FieldsOf<T extends MessageType> = { readonly [F in keyof (typeof messages)[T]['fields']]: FieldValue<T, F> };
type FieldValue<
  T extends MessageType,
  F extends keyof (typeof messages)[T]['fields'],
> = (typeof messages)[T]['fields'][F] extends FieldKind ? ValueOf<(typeof messages)[T]['fields'][F]> : never;
type TextsOf<T extends MessageType> = { readonly [F in (typeof messages)[T]['texts'][number]]: string };

/** A message as a value, discriminated by `type`. */
export type Message<T extends MessageType = MessageType> = {
  [M in T]: { readonly type: M; readonly sequence: number } & FieldsOf<M> & TextsOf<M>;
}[T];

/** What of a message need not be said: what is left out is zero or empty. */
export type MessageInput<T extends MessageType = MessageType> = {
  [M in T]: { readonly type: M; readonly sequence?: number } & Partial<FieldsOf<M> & TextsOf<M>>;
}[T];
