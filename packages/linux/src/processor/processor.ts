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

export type { Machine } from './x86_64/assemble.ts';
export type { Blob, RemoteCall } from './x86_64/blob.ts';
export type { FrameStep } from './x86_64/frame.ts';
export type { GuardCall, GuardPlan, GuardVerdict } from './x86_64/guard-image.ts';
export type { RegisterName, Registers } from './x86_64/registers.ts';
export type { ProcessorQuery, XstateLayout } from './x86_64/xstate.ts';
/** A system call of this processor by its name. */
export type SyscallName = keyof typeof x86_64.syscallNumbers;

/** The number of each system call on this processor. */
export const syscallNumbers: Readonly<Record<SyscallName, number>> = facts.syscallNumbers;
/** The general registers in the kernel's order. */
export const registerNames: typeof x86_64.registerNames = facts.registerNames;
/** Bytes of all general registers. */
export const registersLength: number = facts.registersLength;
/** Registers that are all zero. */
export const createRegisters: typeof x86_64.createRegisters = facts.createRegisters;
/** Registers over a copy of the kernel's structure. */
export const registersFrom: typeof x86_64.registersFrom = facts.registersFrom;
/** Machine code that is put into other processes. */
export const blob: typeof x86_64.blob = facts.blob;
/** The table that `blob.offsets.batch` runs through: 64 bytes a call, its number, six arguments and its result. */
export const batchTable: typeof x86_64.batchTable = facts.batchTable;
/** Bytes of one call in the table, and where in them its result is found afterwards. */
export const batchEntryLength: number = facts.batchEntryLength;
export const batchResultOffset: number = facts.batchResultOffset;
/** See `signalFrames`, which knows the layout itself. */
export const buildSignalFrames: typeof x86_64.buildSignalFrames = facts.buildSignalFrames;
/** See `signalFramesLength`. */
export const lengthOfSignalFrames: typeof x86_64.lengthOfSignalFrames = facts.lengthOfSignalFrames;
/** Bytes from one frame of `signalFrames` to the next. */
export const signalFrameHead: number = facts.signalFrameHead;
/**
 * The program that commits a dump, so that whoever kills the engine cannot leave it half done. It blocks every signal,
 * waits for one byte on descriptor 3 and exits with 0, nothing done, when the pipe ends instead. Told to go on, it makes
 * the `commit` call; if that answers what is expected it makes the others, whoever may have died meanwhile. Its verdict
 * goes to descriptor 4, see `readGuardVerdict`. Start it with `newSession`: it is to outlive its parent's group.
 * Descriptors that its calls use are inherited under numbers from 5 on.
 */
export const guardImage: typeof x86_64.guardImage = facts.guardImage;
/** A program that makes a list of calls and ends, see `runErrand`; it writes its memory to the descriptor. */
export const errandImage: typeof x86_64.errandImage = facts.errandImage;
export const errandDescriptor: number = facts.errandDescriptor;
/** Descriptors of a guard: it is told through the first and answers through the second. */
export const guardDescriptor: typeof x86_64.guardDescriptor = facts.guardDescriptor;
/** Bytes of a guard's verdict. */
export const guardVerdictLength: typeof x86_64.guardVerdictLength = facts.guardVerdictLength;
/** Reads what a guard wrote; null while it is not whole: the guard died, or is not through. */
export const readGuardVerdict: typeof x86_64.readGuardVerdict = facts.readGuardVerdict;
/**
 * A program that sleeps until somebody traces it, and that the kernel kills when the thread that started it ends. Its
 * memory is `size` bytes at `base`: the first page is the file's, may be executed, and holds its code and at `helperBlobOffset`
 * that of `blob`; the rest may be written, is anonymous and zero. Only a child of this process may run it.
 */
export const helperImage: typeof x86_64.helperImage = facts.helperImage;
/** Where in a helper's first page the code of `blob` is. */
export const helperBlobOffset: number = facts.helperBlobOffset;
/** Machine code that starts a thread which makes the calls of a table (`batchTable`), in the process that runs it. */
export const handCode: typeof x86_64.handCode = facts.handCode;
/** Machine code that makes the calls of a table in the thread that runs it, and passes descriptors on. */
export const listCode: typeof x86_64.listCode = facts.listCode;
/** Where in an entry of that table stands to how many of the following ones its answer is passed. */
export const passOffset: number = facts.passOffset;
/** Machine code that counts the free places of a ring of AIO in the process that runs it, and leaves it as it was. */
export const aioCode: typeof x86_64.aioCode = facts.aioCode;
/** What it works with, at rbx. */
export const aioLayout: typeof x86_64.aioLayout = facts.aioLayout;
/** Bytes of each set of processors there. */
export const aioSetSize: number = facts.aioSetSize;
/** Machine code that asks the processor. */
export const queryCode: typeof x86_64.queryCode = facts.queryCode;
/** The layout of the extended state from the processor's answers. */
export const readXstateLayout: typeof x86_64.readXstateLayout = facts.readXstateLayout;
/** A signal handler that writes what was prepared in its memory and ends the process. */
export const crashCode: typeof x86_64.crashCode = facts.crashCode;
/** The layout of its memory. */
export const crashLayout: typeof x86_64.crashLayout = facts.crashLayout;
/** The kernel's layout of a signal's action. */
export const actionLayout: typeof x86_64.actionLayout = facts.actionLayout;
