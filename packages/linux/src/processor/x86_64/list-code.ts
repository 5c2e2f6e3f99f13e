import { assemble, type Line, type Machine } from './assemble.ts';
import { batchEntryLength, batchResultOffset, entryLines } from './blob.ts';

/** Where in an entry stands to how many of those behind it its answer is the first argument; 0 for most. */
export const passOffset = 4;

/**
 * A function of C, `list(count, table)`: makes the calls of a table, at least one, whatever they answer. A descriptor that one
 * opens goes to the next ones before they are made.
 */
export const listLines: readonly Line[] = [
  'list:',
  ['push r12', 0x41, 0x54],
  ['push r13', 0x41, 0x55],
  ['mov r13,rdi', 0x49, 0x89, 0xfd],
  ['mov r12,rsi', 0x49, 0x89, 0xf4],
  'each:',
  ...entryLines,
  ['mov [r12+0x38],rax', 0x49, 0x89, 0x44, 0x24, batchResultOffset],
  ['mov ecx,[r12+0x4]', 0x41, 0x8b, 0x4c, 0x24, passOffset],
  ['add r12,0x40', 0x49, 0x83, 0xc4, batchEntryLength],
  ['mov rdx,r12', 0x4c, 0x89, 0xe2],
  'pass:',
  ['dec ecx', 0xff, 0xc9],
  ['js passed', 0x78, { label: 'passed' }],
  ['mov [rdx+0x8],rax', 0x48, 0x89, 0x42, 0x08],
  ['add rdx,0x40', 0x48, 0x83, 0xc2, batchEntryLength],
  ['jmp pass', 0xeb, { label: 'pass' }],
  'passed:',
  ['dec r13', 0x49, 0xff, 0xcd],
  ['jne each', 0x75, { label: 'each' }],
  ['pop r13', 0x41, 0x5d],
  ['pop r12', 0x41, 0x5c],
  ['ret', 0xc3],
];

export const listCode: Machine = assemble(listLines);
