import { randomBytes } from 'node:crypto';
import { closeSync, constants, fchmodSync, openSync, readdirSync, statSync } from 'node:fs';
import type { EngineError, LogEntry, Records } from '@criujs/engine-kit';
import type { PluginHost } from '@criujs/plugin-host';
import type { Unrestorable } from '@criujs/plugin-host/facts';
import { listen, tokenLength } from '@criujs/wire';
import type { Taken } from './ledger.ts';
import { buildBridge, makeLibrary } from './library.ts';
import { createSession } from './session.ts';

export interface ServerOptions {
  /** The image directory: CRIU and plugins meet in it. */
  readonly images: string;
  /** The plugins, after their init. Whoever started the host finishes it. */
  readonly host: PluginHost;
  /** What `criujs.json` says, at a restore. */
  readonly records: Records | null;
  /** Milliseconds that the host gives a hook. */
  readonly hookDeadlineMs: number;
  /** Compiled plugins for CRIU itself, beside ours. */
  readonly nativePlugins?: readonly string[] | undefined;
  readonly onLog?: ((entry: LogEntry) => void) | undefined;
  /**
   * Lets CRIU go on while plugins are asked for external files. Whoever sets it calls `settle` before the dump counts, while the
   * tree still stands, and looks at `failures` then. Not with compiled plugins beside ours: they are asked in turn.
   */
  readonly posted?: boolean | undefined;
  /**
   * Also take what no loaded plugin could restore; `unrestorable` lists it. Otherwise that fails the hook, and so the dump.
   * Compiled plugins beside ours may have what ours lack: with them it is never refused.
   */
  readonly dumpOnly?: boolean | undefined;
}

/** A server for the bridge inside of one run of CRIU. */
export interface BridgeServer {
  /** CRIU's environment. */
  readonly environment: Readonly<Record<'CRIU_LIBS_DIR' | 'CRIUJS_BRIDGE', string>>;
  /** What `CRIU_LIBS_DIR` says. */
  readonly pluginDirectory: string;
  /** What plugins took so far. */
  taken(): Taken;
  /** Names of the plugins that took or brought back something. */
  claimed(): readonly string[];
  /** What plugins took and no loaded plugin could restore, if that was permitted. */
  unrestorable(): readonly Unrestorable[];
  /** What failed so far, in order: also what CRIU hides, a late hook of a restore for example. */
  failures(): readonly EngineError[];
  /** Waits for all that CRIU has asked so far: what failed is among `failures` afterwards. */
  settle(): Promise<void>;
  /** Waits for what hooks of a restore have left for later. @throws HostError what that failed with */
  settleWork(): Promise<void>;
  /** Waits for calls that plugins still work on, then takes everything away. */
  close(): Promise<void>;
}

/** What the bridge waits longer than the host, so that the host's own error comes first. */
const grace = 2000;
/** The longest time that the bridge can be told. */
const longest = 2 ** 31 - 1;

/**
 * Opens a server for one run of CRIU, in the image directory.
 * @throws WireError WIRE_SOCKET, NATIVE_NO_COMPILER …; EngineError
 */
export async function openServer(options: ServerOptions): Promise<BridgeServer> {
  const { images, host, records, hookDeadlineMs, nativePlugins = [], onLog = () => undefined } = options;
  const posted = options.posted === true && nativePlugins.length === 0;
  const dumpOnly = options.dumpOnly === true || nativePlugins.length > 0;
  const token = randomBytes(tokenLength);
  // All plugins may be asked in one call, one after the other.
  const deadline = Math.min(hookDeadlineMs * Math.max(1, host.plugins.length) + grace, longest);
  const session = createSession({ host, records, token, posted, dumpOnly, deadline, onLog });
  const library = makeLibrary(await buildBridge(), nativePlugins);
  const close = openWay(images);
  try {
    const listener = listen({ directory: images, ...session });
    session.begin();
    return {
      environment: {
        CRIU_LIBS_DIR: library.directory,
        CRIUJS_BRIDGE: `${listener.name}:${token.toString('hex')}`,
      },
      pluginDirectory: library.directory,
      taken: () => session.ledger.taken,
      claimed: () => [...session.ledger.claimed],
      unrestorable: () => session.ledger.unrestorable,
      failures: () => session.ledger.failures,
      async settle() {
        listener.drain();
        await listener.idle();
      },
      settleWork: () => host.settle(),
      async close() {
        listener.close();
        await listener.idle();
        await session.close();
        library.remove();
        close();
      },
    };
  } catch (error) {
    library.remove();
    close();
    throw error;
  }
}

/**
 * Tasks in a user namespace reach the socket as users that may not even pass through the image directory. For the time of the
 * run they may; what lies in it stays closed to them. Gives what puts that back.
 */
function openWay(images: string): () => void {
  const { mode } = statSync(images);
  const isNeeded = (mode & 0o001) === 0 && readdirSync(images).some((name) => /^userns-\d+\.img$/.test(name));
  if (!isNeeded) return () => undefined;
  const fd = openSync(images, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  fchmodSync(fd, (mode & 0o7777) | 0o001);
  return () => {
    fchmodSync(fd, mode & 0o7777);
    closeSync(fd);
  };
}
