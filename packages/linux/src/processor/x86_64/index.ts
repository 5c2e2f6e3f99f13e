export { aioCode, aioLayout, aioSetSize } from './aio-code.ts';
export { type Blob, batchEntryLength, batchResultOffset, batchTable, blob, type RemoteCall } from './blob.ts';
export { actionLayout, crashCode, crashLayout } from './crash-code.ts';
export { type ErrandImage, errandDescriptor, errandImage } from './errand-image.ts';
export { buildSignalFrames, type FrameStep, lengthOfSignalFrames, signalFrameHead } from './frame.ts';
export { guardDescriptor, guardVerdictLength } from './guard-code.ts';
export {
  type GuardCall,
  type GuardPlan,
  type GuardVerdict,
  guardImage,
  readGuardVerdict,
} from './guard-image.ts';
export { handCode } from './hand-code.ts';
export { helperBlobOffset, helperImage } from './helper-image.ts';
export { listCode, passOffset } from './list-code.ts';
export { createRegisters, registerNames, registersFrom, registersLength } from './registers.ts';
export { syscallNumbers } from './syscalls.ts';
export { queryCode, readXstateLayout } from './xstate.ts';
