import type { ProcessKind } from './kind.ts';

/** A tracer of its own: a process has only one. */
export const tracing: ProcessKind = {
  name: 'tracing',
  describe: [{ subject: 'processes', refused: ['processes under a debugger'] }],
  recognise: ({ status: { tracerPid }, traced }) =>
    traced || tracerPid === 0
      ? []
      : [
          {
            resource: 'tracing',
            why: `process ${tracerPid} already traces it`,
            remedy: 'Detach the debugger or strace first.',
          },
        ],
};
