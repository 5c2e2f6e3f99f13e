import type { ProcessKind } from './kind.ts';

/** A tracer other than us: a process can have only one. */
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
