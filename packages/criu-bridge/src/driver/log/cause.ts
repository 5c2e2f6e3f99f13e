import { EngineError, type EngineErrorCode, refusedDump } from '@criujs/engine-kit';
import { type LogLine, parseLine } from './lines.ts';
import { type Meaning, meanings, noise } from './meanings.ts';

/** Lines of errors that a message quotes. */
const mostQuoted = 3;

interface Task {
  readonly pid: number;
  readonly command: string | null;
}

/** Why a run failed, as its log tells it. */
export interface Cause {
  readonly code: EngineErrorCode;
  /** What CRIU says, without its place in the sources. */
  readonly lines: readonly string[];
  /** The process that it was at. */
  readonly task: Task | null;
  readonly resource?: string | undefined;
  readonly why?: string | undefined;
  readonly remedy?: string | undefined;
}

interface Suspect {
  readonly line: LogLine;
  readonly task: Task | null;
}

/**
 * Finds in a log why the run failed; null: it does not say.
 * @param said what CRIU wrote elsewhere: some of its complaints come before the log, or past it
 */
export function findCause(log: string, said = ''): Cause | null {
  const spoken = said.split('\n').map((text): Suspect => ({ line: parseLine(text), task: null }));
  const known = [...errorsIn(log), ...spoken];
  for (const meaning of meanings) {
    for (const suspect of known) {
      const found = meaning.pattern.exec(suspect.line.message);
      if (found !== null) return explain(suspect, meaning, found.slice(1));
    }
  }
  const suspects = errorsIn(log);
  if (suspects.length === 0) return null;
  const lines = suspects.slice(0, mostQuoted).map(({ line }) => line.message);
  return { code: 'CRIU_FAILED', lines, task: suspects.find((it) => it.task !== null)?.task ?? null };
}

function explain({ line, task }: Suspect, meaning: Meaning, groups: readonly string[]): Cause {
  const { code, resource, why, remedy } = meaning;
  return { code, lines: [line.message], task, resource: resource?.(...groups), why, remedy };
}

/** The errors of a log that may be causes, each with the process that CRIU was at. */
function errorsIn(log: string): Suspect[] {
  const suspects: Suspect[] = [];
  let task: Task | null = null;
  for (const text of log.split('\n')) {
    const line = parseLine(text);
    task = taskOf(line) ?? task;
    if (line.level === 'error' && !noise.some((it) => it.test(line.message))) suspects.push({ line, task });
  }
  return suspects;
}

/** At a dump CRIU says which process it starts with; at a restore each process logs under its own pid. */
function taskOf({ message, pid }: LogLine): Task | null {
  const begun = /^Dumping (?:task|processes) \(pid: (\d+)(?: comm: (.*))?\)$/.exec(message);
  if (begun !== null) return { pid: Number(begun[1]), command: begun[2] ?? null };
  return pid === null ? null : { pid, command: null };
}

/** Makes an error of a cause, in the form that the embedded engine gives it. */
export function errorOf(cause: Cause, doing: string, log: string): EngineError {
  const { code, lines, task, resource, why, remedy = `Look into its log, ${log}.` } = cause;
  if (code === 'UNSUPPORTED' && task !== null) {
    const { pid, command } = task;
    const named = command === null ? {} : { command };
    const refusal = { pid, ...named, resource: resource ?? 'something', why: why ?? lines.join('; '), remedy };
    return refusedDump({ pid, command: command ?? 'its tree' }, [refusal]);
  }
  const at = task === null ? '' : ` at process ${task.pid}${task.command === null ? '' : ` (${task.command})`}`;
  return new EngineError(code, `CRIU cannot ${doing}: it failed${at}: ${lines.join('; ')}`, {
    pid: task?.pid,
    resource,
    remedy,
  });
}
