import type { Refusal } from '@criujs/plugin-host/engine';

export {
  EngineError,
  type EngineErrorCode,
  type EngineErrorDetails,
  type EngineOwnCode,
  type HostCode,
  type Refusal,
} from '@criujs/plugin-host/engine';

/** The message of a refused dump: a line for each process and resource, with why and the remedy. */
export function refusedMessage(root: { pid: number; command: string }, refusals: readonly Refusal[]): string {
  const count = refusals.length === 1 ? '1 resource is' : `${refusals.length} resources are`;
  const lines = refusals.map((it) => {
    const process = it.command === undefined ? `${it.pid}` : `${it.pid} (${it.command})`;
    return `  ${process} ${it.resource}: ${it.why}. ${it.remedy}`;
  });
  return [`cannot dump ${root.pid} (${root.command}): ${count} not supported`, ...lines].join('\n');
}
