import { type HookName, hookTable } from '@criujs/plugin-sdk';

const inOrder: readonly HookName[] = Object.keys(hookTable) as HookName[];

/** The hooks whose bits are set in WELCOME's `served`. */
export function hooksOf(served: number): readonly HookName[] {
  return inOrder.filter((hook) => ((served >>> hookTable[hook].number) & 1) === 1);
}
