import { EngineError, type EngineOptions } from '@criujs/engine-kit';
import { deletedFile } from './deleted.ts';
import { statelessDevice } from './device.ts';
import { epoll } from './epoll.ts';
import { eventfd } from './eventfd.ts';
import { external, loadPlugin } from './external.ts';
import { fanotify } from './fanotify.ts';
import { fifo } from './fifo.ts';
import type { HeldFile, Problem, SeenFile, Tree } from './held.ts';
import { rawSocket } from './inet/raw.ts';
import { tcpListening } from './inet/tcp-listening.ts';
import { tcpUnconnected } from './inet/tcp-unconnected.ts';
import { udp } from './inet/udp.ts';
import { inotify } from './inotify.ts';
import type { ByPlugins, FileKind } from './kind.ts';
import { lockProblem } from './lock-lines.ts';
import { memfd } from './memfd.ts';
import { netlink } from './netlink.ts';
import { packet } from './packets/packet.ts';
import { pidfd } from './pidfd.ts';
import { pipe } from './pipe.ts';
import { procFile } from './proc-file.ts';
import { directory, regularFile } from './regular.ts';
import { ring } from './rings/ring.ts';
import { signalfd } from './signalfd.ts';
import { tcpConnection } from './tcp/tcp-connection.ts';
import { tcpOver } from './tcp/tcp-over.ts';
import { terminal } from './terminals/terminal.ts';
import { timerfd } from './timerfd.ts';
import { unixInside } from './unix/inside.ts';
import { externalUnixSocket } from './unix/outside.ts';

/** Every kind of file, in the order in which they are asked. The last one takes what no other can dump, if a plugin does. */
export const fileKinds: readonly FileKind[] = [
  fifo,
  memfd,
  procFile,
  terminal,
  deletedFile,
  regularFile,
  directory,
  statelessDevice,
  pipe,
  eventfd,
  epoll,
  timerfd,
  signalfd,
  pidfd,
  inotify,
  fanotify,
  ring,
  unixInside,
  externalUnixSocket,
  netlink,
  packet,
  tcpListening,
  tcpUnconnected,
  tcpConnection,
  tcpOver,
  udp,
  rawSocket,
  external,
];

/** A kind whose files plugins dump. */
export type PluginKind = FileKind & { readonly plugins: ByPlugins };

/** A kind whose files processes may have without a descriptor. */
export type HeldKind = FileKind & Required<Pick<FileKind, 'withoutDescriptor'>>;

/** Who may dump an open file. */
export interface Recognised {
  /** The kind of the engine's that takes it; null: only a plugin can. */
  readonly engine: FileKind | null;
  /** How loaded plugins are asked, in this order, when the engine does not dump it. */
  readonly byPlugins: readonly PluginKind[];
  /** The kind of the engine's that takes it if no plugin does; null: none. */
  readonly instead: FileKind | null;
  /** Why the engine cannot dump what it knows; null: it can, or plugins dump this kind. */
  readonly problem: Problem | null;
  /** Why plugins are asked as for any file, where the kind of it is known. */
  readonly reason: string | undefined;
  /** The refusal when no plugin takes it either. `problem` is what the engine found meanwhile, if anything. */
  refusal(why: string, problem?: Problem | null): Problem;
}

/** The first kind that knows a file decides; what it cannot dump the loaded plugins are asked for before it is refused. */
export function recognise(file: SeenFile, tree: Tree): Recognised {
  const [kind, first] = firstAnswer(file, tree);
  const { plugins } = kind;
  // A plugin's file is its own matter.
  const answer = first === 'mine' && plugins === undefined ? (lockProblem(file, tree.options) ?? first) : first;
  const ways = plugins === undefined || answer !== 'mine' ? [external] : [kind, external];
  const pluginWays = [...new Set(ways)].filter(isByPlugins);
  const byPlugins = pluginWays.filter((it) => tree.serves(it.plugins.hook));
  const own = answer === 'mine' ? null : answer;
  return {
    engine: answer === 'mine' && plugins === undefined ? kind : null,
    byPlugins,
    instead: answer === 'mine' && plugins !== undefined ? withoutPlugins(file, tree) : null,
    problem: own,
    reason:
      own?.why ?? (plugins === undefined || kind === external ? undefined : `no plugin takes it as a ${kind.name}`),
    refusal(why, problem = own) {
      const questions = pluginWays.map((it) => it.plugins.question(file, [file], tree));
      if (problem !== null) return { ...withPlugins(problem, byPlugins.length === 0 ? null : why), questions };
      if (plugins === undefined) throw new EngineError('INTERNAL', `${file.link} is taken by ${kind.name}`);
      return { ...plugins.unclaimed(file, tree, why), questions };
    },
  };
}

/** The kind that takes a file which a process has without a descriptor, or why none can. */
export function recogniseHeld(file: HeldFile, options: EngineOptions<'dump'>): HeldKind | Problem {
  for (const kind of fileKinds.filter(isHeldKind)) {
    const answer = kind.withoutDescriptor.recognise(file, options);
    if (answer === 'mine') return kind;
    if (answer !== null) return answer;
  }
  throw new EngineError('INTERNAL', `no kind of file has an answer for ${file.link}`);
}

/** Why no plugin takes a file at a dump. */
export function whyNoPlugin({ byPlugins }: Recognised): string {
  return byPlugins.length === 0 ? 'no plugin is loaded for it' : 'no plugin took it';
}

function firstAnswer(file: SeenFile, tree: Tree): readonly [FileKind, 'mine' | Problem] {
  for (const kind of fileKinds) {
    const answer = kind.recognise(file, tree);
    if (answer !== null) return [kind, answer];
  }
  throw new EngineError('INTERNAL', `no kind of file has an answer for ${file.link}`);
}

/** The kind that takes it where no plugin is loaded; null: there is none. */
function withoutPlugins(file: SeenFile, tree: Tree): FileKind | null {
  const alone = { ...tree, serves: () => false };
  return fileKinds.find((kind) => kind.plugins === undefined && kind.recognise(file, alone) === 'mine') ?? null;
}

function isHeldKind(kind: FileKind): kind is HeldKind {
  return kind.withoutDescriptor !== undefined;
}

function isByPlugins(kind: FileKind): kind is PluginKind {
  return kind.plugins !== undefined;
}

/** The engine's own reason, with what a plugin could do. */
function withPlugins({ file, why, remedy, ...rest }: Problem, whyNot: string | null): Problem {
  return {
    ...rest,
    file,
    why: whyNot === null ? why : `${why}, and ${whyNot}`,
    remedy: `${remedy} Or: ${loadPlugin}.`,
  };
}
