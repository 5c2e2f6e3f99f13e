export { type Blob, batchTable, blob, type RemoteCall } from './blob.ts';
export { buildSignalFrame } from './frame.ts';
export {
  type GuardCall,
  type GuardPlan,
  type GuardVerdict,
  guardDescriptor,
  guardImage,
  guardVerdictLength,
  readGuardVerdict,
} from './guard-image.ts';
export { helperImage } from './helper-image.ts';
export { createRegisters, registerNames, registersFrom, registersLength } from './registers.ts';
export { syscallNumbers } from './syscalls.ts';
export { queryCode, readXstateLayout } from './xstate.ts';
