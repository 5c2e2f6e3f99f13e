import { EngineError } from '@criujs/engine-kit';
import { errorOf, findCause } from './log/cause.ts';
import { readLog } from './log/follow.ts';
import type { Ended } from './swrk.ts';

/** All that is known of a run that failed. */
export interface Remains {
  /** `dump 4242`, `restore DIRECTORY`. */
  readonly doing: string;
  /** What failed on our side: a step of ours, or plugins in order. */
  readonly failures: readonly unknown[];
  readonly aborted: boolean;
  readonly ended: Ended;
  /** Whether CRIU answered, and so ended as it wanted to. */
  readonly answered: boolean;
  readonly log: string;
  /** Its path once the run is over. */
  readonly logForPeople: string;
}

/** Why a run failed: our own side knows best, then plugins, then CRIU's log, then how it ended. */
export function failureOf(remains: Remains): unknown {
  const { failures, aborted, doing } = remains;
  if (aborted) return new EngineError('ABORTED', `the run was aborted: CRIU did not ${doing}`);
  const [first] = failures;
  if (first !== undefined) return first;
  if (!remains.answered) return endedEarly(remains);
  const read = readLog(remains.log);
  if ('unreadable' in read) return unreadable(remains, read.unreadable.replaceAll(remains.log, remains.logForPeople));
  const cause = findCause(read.text, remains.ended.said);
  return cause === null ? silent(remains) : errorOf(cause, doing, remains.logForPeople);
}

/** CRIU was ended, or crashed. */
function endedEarly({ ended, doing, logForPeople }: Remains): EngineError {
  const { code, signal } = ended;
  const how = signal === null ? `ended with code ${code} and without an answer` : `was killed by ${signal}`;
  const said = lastLine(ended);
  const message = `CRIU cannot ${doing}: it ${how}${said === '' ? '' : `: ${said}`}`;
  return new EngineError('CRIU_FAILED', message, {
    remedy: signal === null ? `Look into its log, ${logForPeople}.` : 'Find out what killed it, and run it again.',
  });
}

function unreadable({ doing, ended }: Remains, why: string): EngineError {
  const said = lastLine(ended);
  const more = said === '' ? '' : `; it said: ${said}`;
  return new EngineError('CRIU_FAILED', `CRIU cannot ${doing}, and its log cannot be read: ${why}${more}`, {
    remedy:
      'Choose an image directory where CRIU can write its log and you can read it, or another log: --criu-option work-directory=DIR.',
  });
}

function silent({ doing, ended, logForPeople }: Remains): EngineError {
  const said = lastLine(ended);
  return new EngineError(
    'CRIU_FAILED',
    `CRIU cannot ${doing}, and its log does not say why${said === '' ? '' : `: ${said}`}`,
    {
      remedy: `Look into its log, ${logForPeople}, and let it say more: --criu-option log-level=4.`,
    },
  );
}

function lastLine({ said }: Ended): string {
  return said.trim().split('\n').at(-1)?.trim() ?? '';
}
