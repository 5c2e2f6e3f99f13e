import { EngineError } from '../errors/errors.ts';
import type { FileOptions, NetworkLock, TcpDumpOptions } from '../interface/engine.ts';
import type { DumpFileOptions, RunOptions } from './options.ts';

/** @throws EngineError BAD_OPTION */
export function checkPid(pid: number): void {
  if (Number.isSafeInteger(pid) && pid > 0) return;
  throw new EngineError('BAD_OPTION', `${pid} is not a pid`, { remedy: 'Give the number that ps(1) shows as PID.' });
}

/** As in CRIU. */
const defaultGhostLimit = 1 << 20;

/** @throws EngineError BAD_OPTION */
export function checkFileOptions(options: DumpFileOptions): FileOptions {
  const { ghostLimit = defaultGhostLimit, linkRemap = false, fileLocks = false, shellJob = false } = options;
  const { extUnixSk = false } = options;
  const external = (options.external ?? []).map(externalKey);
  if (Number.isSafeInteger(ghostLimit) && ghostLimit >= 0)
    return { ghostLimit, linkRemap, fileLocks, shellJob, extUnixSk, external, tcp: tcpOptions(options) };
  throw new EngineError('BAD_OPTION', `a ghost limit of ${ghostLimit} is not valid`, {
    remedy: 'Give a number of bytes, 0 or more.',
  });
}

const networkLocks: readonly (NetworkLock | undefined)[] = ['nftables', 'iptables', 'skip', undefined];

function tcpOptions({
  tcpEstablished = false,
  tcpClose = false,
  skipInFlight = false,
  networkLock,
}: DumpFileOptions): TcpDumpOptions {
  if (networkLocks.includes(networkLock))
    return { established: tcpEstablished, close: tcpClose, skipInFlight, lock: networkLock };
  throw new EngineError('BAD_OPTION', `there is no network lock ${networkLock}`, {
    remedy: 'Give nftables, iptables or skip.',
  });
}

/** As CRIU writes it; the kernel's own `pipe:[INO]` does as well. */
function externalKey(key: string): string {
  const [, type, rest] = /^([a-z]+):?(\[.*)$/s.exec(key) ?? [];
  if (type !== undefined && rest?.includes(']')) return `${type}${rest}`;
  throw new EngineError('BAD_OPTION', `${key} names no external resource`, {
    remedy: "Give its type and its number: --external 'pipe[INO]' (option `external`).",
  });
}

/** @throws EngineError UNSUPPORTED_PLATFORM */
export function checkPlatform(): void {
  if (process.platform === 'linux' && process.arch === 'x64') return;
  throw new EngineError('UNSUPPORTED_PLATFORM', `there is no engine for ${process.platform} on ${process.arch}`, {
    remedy: 'Run it on Linux on x86-64.',
  });
}

/** @throws EngineError BAD_OPTION */
export function checkOptions({ hookDeadline, plugins }: RunOptions): void {
  if (hookDeadline !== undefined && !(hookDeadline > 0 && hookDeadline <= 2 ** 31 - 1)) {
    throw new EngineError('BAD_OPTION', `a hook deadline of ${hookDeadline} is not valid`, {
      remedy: 'Give milliseconds, more than 0.',
    });
  }
  if (plugins !== undefined && !Array.isArray(plugins)) {
    throw new EngineError('BAD_OPTION', '`plugins` is not an array', {
      remedy: "Give names, paths or plugins: plugins: ['./my-plugin.ts'].",
    });
  }
}
