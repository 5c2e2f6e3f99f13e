import type { OnStep } from './notify.ts';
import type { CriuRpcOptions } from './options/table.ts';

/** What `criu()` may be told. */
export interface CriuOptions {
  /** The program: a path, or a name to look for in PATH. Default: `criu`. */
  readonly bin?: string | undefined;
  /** Options of CRIU's RPC, by guessable or by CRIU's own names: `{ tcpEstablished: true, shell_job … }`. */
  readonly options?: CriuRpcOptions | undefined;
  /** Compiled plugins to be loaded beside ours, such as `/usr/lib/criu/cuda_plugin.so`. */
  readonly nativePlugins?: readonly string[] | undefined;
  /** Programs that are run at each of CRIU's steps, as those of its own `--action-script`. */
  readonly actionScripts?: readonly string[] | undefined;
  /** Called at each of CRIU's steps, while it waits. */
  readonly onStep?: OnStep | undefined;
  /** Where relative paths begin. Default: the current directory. */
  readonly cwd?: string | undefined;
}
