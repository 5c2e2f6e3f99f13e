import { assemble, imm32, type Line, type Machine } from './assemble.ts';
import { batchEntryLength, batchResultOffset, entryLines } from './blob.ts';
import { syscallNumbers } from './syscalls.ts';

/**
 * A function of C, `start(flags, stack, tid, tid, count, table)`: clone(2), whose child makes the calls of a table, up to the first
 * that fails, and ends. The child needs no stack and no library.
 */
export const handLines: readonly Line[] = [
  'start:',
  ['mov r10,rcx', 0x49, 0x89, 0xca],
  ['mov eax,0x38', 0xb8, imm32(syscallNumbers.clone)],
  ['syscall', 0x0f, 0x05],
  ['test eax,eax', 0x85, 0xc0],
  ['je call', 0x74, { label: 'call' }],
  ['ret', 0xc3],

  // r9: the table, r8: how many calls, at least 1
  'call:',
  ['mov r12,r9', 0x4d, 0x89, 0xcc],
  ['mov r13,r8', 0x4d, 0x89, 0xc5],
  'next:',
  ...entryLines,
  ['mov [r12+0x38],rax', 0x49, 0x89, 0x44, 0x24, batchResultOffset],
  ['test rax,rax', 0x48, 0x85, 0xc0],
  ['js end', 0x78, { label: 'end' }],
  ['add r12,0x40', 0x49, 0x83, 0xc4, batchEntryLength],
  ['dec r13', 0x49, 0xff, 0xcd],
  ['jne next', 0x75, { label: 'next' }],
  'end:',
  ['mov eax,0x3c', 0xb8, imm32(syscallNumbers.exit)],
  ['xor edi,edi', 0x31, 0xff],
  ['syscall', 0x0f, 0x05],
  ['ud2', 0x0f, 0x0b],
];

export const handCode: Machine = assemble(handLines);
