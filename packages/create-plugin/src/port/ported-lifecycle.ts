import type { PortedPlugin } from '../answers.ts';
import { comment, type Piece, was } from './piece.ts';

const stage = { type: 'int ', name: 'stage' };
const ret = { type: 'int ', name: 'ret' };

/** `init` and `exit`, where the original has them. */
export function lifecycle(ported: PortedPlugin, options: boolean): readonly Piece[] {
  const context = options ? 'Context<Options>' : 'Context';
  const described = ported.structure === 'descriptor';
  return [
    ...(ported.init === null ? [] : [initOf(ported, ported.init, described, context)]),
    ...(ported.exit === null ? [] : [exitOf(ported, ported.exit, described, context)]),
  ];
}

function initOf(ported: PortedPlugin, name: string, described: boolean, context: string): Piece {
  const lines = [
    `Was ${was(name, described ? [stage] : [], ported)}.`,
    described
      ? "The stages 0, 1 and 2 are 'dump', 'pre-dump' and 'restore'. A negative answer is a thrown error now."
      : 'It now gets the stage. A negative answer is now a thrown error.',
  ];
  const text = `${comment(lines)}
export function init(stage: Stage, { log }: ${context}): void {
  log.debug(\`\${stage} begins\`);
}
`;
  return { text, types: ['Context', 'Stage'], values: [] };
}

function exitOf(ported: PortedPlugin, name: string, described: boolean, context: string): Piece {
  const lines = [
    `Was ${was(name, described ? [stage, ret] : [], ported)}.`,
    described
      ? '`ret` is `outcome` now, with the error that the run failed with. It is called after every init, failed ones too.'
      : 'It now gets stage and outcome, and is called after every init, even a failed one.',
  ];
  const text = `${comment(lines)}
export function exit(stage: Stage, outcome: Outcome, { log }: ${context}): void {
  log.debug(\`\${stage} has ended \${outcome.ok ? 'well' : \`with \${outcome.error.message}\`}\`);
}
`;
  return { text, types: ['Context', 'Outcome', 'Stage'], values: [] };
}
