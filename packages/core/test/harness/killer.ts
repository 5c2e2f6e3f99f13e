import { type Ended, run } from './command.ts';
import { cProgram } from './programs.ts';

/** How a run of the engine went until it was killed, or ended before that. */
export interface KilledRun {
  readonly killed: boolean;
  /** The exit code, when it was not killed. */
  readonly code: number | null;
  /** Phases in order, with the microseconds since the start. */
  readonly phases: readonly { readonly name: string; readonly at: number }[];
  /** The phase that it died in: `start` before the first one. */
  readonly last: string;
  readonly end: number;
  /** What it wrote to stderr. */
  readonly said: string;
}

/** Runs a command and kills it some microseconds after a phase begins. */
export async function killAt(phase: string, delay: number, command: readonly string[]): Promise<KilledRun> {
  const { stdout, stderr } = await runKiller(phase, delay, command);
  const lines = stdout.trim().split('\n');
  const rows = lines.map((line) => line.split(' ')).map(([name = '', at]) => ({ name, at: Number(at) }));
  const ended = rows.pop() ?? { name: 'ended', at: -1 };
  const killed = ended.name === 'killed';
  return {
    killed,
    code: killed ? null : ended.at,
    phases: rows,
    last: rows.at(-1)?.name ?? 'start',
    end: killed ? ended.at : Number.POSITIVE_INFINITY,
    said: stderr,
  };
}

async function runKiller(
  phase: string,
  delay: number,
  command: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<Ended> {
  const [killer = ''] = cProgram('killer').command();
  const ended = await run([killer, phase, String(Math.round(delay)), ...command], { ...(env && { env }) });
  if (ended.code !== 0) throw new Error(`the killer ended with ${ended.signal ?? ended.code}\n${ended.stderr}`);
  return ended;
}

/** How a run went that got signals. */
export interface SignalledRun {
  /** Null when it had ended before. In milliseconds, until its end. */
  readonly tookMs: number | null;
  readonly code: number;
  /** The phase that it was in then: `start` before the first one. */
  readonly during: string;
  readonly phases: KilledRun['phases'];
}

/** Runs a command and sends it signals, one at once after the other, some microseconds after a phase begins. */
export async function signalAt(
  phase: string,
  delay: number,
  signals: readonly number[],
  command: readonly string[],
): Promise<SignalledRun> {
  const { stdout } = await runKiller(phase, delay, command, { KILLER_SIGNALS: signals.join(',') });
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([name = '', ...at]) => ({ name, at: at.map(Number) }));
  const ended = rows.pop();
  const sent = rows.findIndex(({ name }) => name === 'signalled');
  const phases = rows.filter((_, at) => at !== sent).map(({ name, at }) => ({ name, at: at[0] ?? 0 }));
  const before = sent < 0 ? rows : rows.slice(0, sent);
  return {
    tookMs: sent < 0 ? null : ((ended?.at[1] ?? 0) - (rows[sent]?.at[0] ?? 0)) / 1000,
    code: ended?.at[0] ?? -1,
    during: before.at(-1)?.name ?? 'start',
    phases,
  };
}

export interface Aim {
  readonly phase: string;
  readonly delay: number;
}

/**
 * Chooses moments so that every phase is hit, however short it is: a random moment of the phase that was hit least, by
 * what is known of how long each lasts.
 */
export interface Marksman {
  aim(): Aim;
  note(run: KilledRun): void;
  /** How often each phase was hit. */
  hits(): ReadonlyMap<string, number>;
}

export function createMarksman(phases: readonly string[]): Marksman {
  const hits = new Map(phases.map((name) => [name, 0]));
  const durations = new Map<string, number>();

  return {
    aim() {
      const least = Math.min(...hits.values());
      const candidates = [...hits].filter(([, count]) => count === least);
      const [phase = 'start'] = candidates[Math.floor(Math.random() * candidates.length)] ?? [];
      return { phase, delay: Math.random() * (durations.get(phase) ?? 3000) };
    },
    note({ killed, last, phases: seen }) {
      if (killed) hits.set(last, (hits.get(last) ?? 0) + 1);
      let before = { name: 'start', at: 0 };
      for (const phase of seen) {
        // Leaning to the newer: a machine is not always equally busy.
        const lasted = phase.at - before.at;
        durations.set(before.name, ((durations.get(before.name) ?? lasted) + lasted) / 2);
        before = phase;
      }
    },
    hits: () => hits,
  };
}
