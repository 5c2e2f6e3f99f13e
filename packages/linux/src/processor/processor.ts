/**
 * The one place that chooses a processor. What differs between processors (call numbers, registers, machine code,
 * frames) lives in a folder for each; the rest of the package imports from here.
 */
import * as x86_64 from './x86_64/index.ts';

/** Facts by the name that Node gives the processor (`process.arch`). */
const processors: Readonly<Record<string, typeof x86_64>> = { x64: x86_64 };

/** Whether this processor has a folder of facts. Without one, the tables below are those of x86-64, to look at only. */
export const processorSupported: boolean = process.arch in processors;

const facts: typeof x86_64 = processors[process.arch] ?? x86_64;

export type { Blob, RemoteCall } from './x86_64/blob.ts';
export type { GuardCall, GuardPlan, GuardVerdict } from './x86_64/guard-image.ts';
export type { RegisterName, Registers } from './x86_64/registers.ts';
export type { ProcessorQuery, XstateLayout } from './x86_64/xstate.ts';
export type SyscallName = keyof typeof x86_64.syscallNumbers;

export const syscallNumbers: Readonly<Record<SyscallName, number>> = facts.syscallNumbers;
export const registerNames: typeof x86_64.registerNames = facts.registerNames;
export const registersLength: number = facts.registersLength;
export const createRegisters: typeof x86_64.createRegisters = facts.createRegisters;
export const registersFrom: typeof x86_64.registersFrom = facts.registersFrom;
export const blob: typeof x86_64.blob = facts.blob;
export const batchTable: typeof x86_64.batchTable = facts.batchTable;
export const buildSignalFrame: typeof x86_64.buildSignalFrame = facts.buildSignalFrame;
export const guardImage: typeof x86_64.guardImage = facts.guardImage;
export const guardDescriptor: typeof x86_64.guardDescriptor = facts.guardDescriptor;
export const guardVerdictLength: typeof x86_64.guardVerdictLength = facts.guardVerdictLength;
export const readGuardVerdict: typeof x86_64.readGuardVerdict = facts.readGuardVerdict;
export const helperImage: typeof x86_64.helperImage = facts.helperImage;
export const queryCode: typeof x86_64.queryCode = facts.queryCode;
export const readXstateLayout: typeof x86_64.readXstateLayout = facts.readXstateLayout;
