import type { Problem } from './held.ts';

/** Whether this is a reason and not what was asked for. */
export function isProblem(answer: object | string): answer is Problem {
  return typeof answer === 'object' && 'remedy' in answer;
}
