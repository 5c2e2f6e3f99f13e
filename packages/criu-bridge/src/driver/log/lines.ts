/** One line of CRIU's log. */
export interface LogLine {
  readonly level: 'error' | 'warn' | 'info';
  /** The restored process that speaks; null: CRIU itself. */
  readonly pid: number | null;
  /** Where in CRIU's sources, for errors and warnings: `criu/files-ext.c:94`; `criujs`: the bridge says it. */
  readonly source: string | null;
  readonly message: string;
}

/** `(00.025018)   1234: Error (criu/files-reg.c:1790): text`; parasites write `pie: 1234: Error (…): text`. */
const form = /^(?:\(\d+\.\d+\)|pie:)\s*(?:(\d+): )?(?:(Error|Warn)\s+\(([^()]*:\d+|criujs)\): )?(.*)$/;

/** No line that means anything is longer. */
const longest = 2000;

/** Reads one line; whatever it holds, it is a line. */
export function parseLine(text: string): LogLine {
  const [, pid, level, source, message] = form.exec(text.slice(0, longest)) ?? [];
  return {
    level: level === 'Error' ? 'error' : level === 'Warn' ? 'warn' : 'info',
    pid: pid === undefined ? null : Number(pid),
    source: source ?? null,
    message: (message ?? text.slice(0, longest)).trim(),
  };
}
