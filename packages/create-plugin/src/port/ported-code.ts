import type { Answers, PortedPlugin, ProjectFile } from '../answers.ts';

/** Sources and tests of a plugin that is to have the hooks of an existing one: `src/*.ts` and `test/*.test.ts`. */
export function portedCode(_answers: Answers, _ported: PortedPlugin): readonly ProjectFile[] {
  return [];
}
