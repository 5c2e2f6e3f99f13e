import { createOutput, type Output } from './output.ts';

/** Flags of every command that decide how it prints. */
export interface OutputFlags {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

export function outputOf({ json, verbose }: OutputFlags): Promise<Output> {
  return createOutput({ json, verbose });
}
