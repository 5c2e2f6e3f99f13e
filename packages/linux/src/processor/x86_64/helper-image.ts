import { assemble, imm32, type Line } from './assemble.ts';
import { blob } from './blob.ts';
import { checkPages, elfHeaders, entryOffset, pageLength, segmentFlag } from './elf.ts';

/** PR_SET_PDEATHSIG, then sleep; a parent that died before the call is noticed by its pid. */
export function helperLines(parent: number): readonly Line[] {
  return [
    ['mov eax,0x9d', 0xb8, 0x9d, 0x00, 0x00, 0x00], // prctl
    ['mov edi,0x1', 0xbf, 0x01, 0x00, 0x00, 0x00], // PR_SET_PDEATHSIG
    ['mov esi,0x9', 0xbe, 0x09, 0x00, 0x00, 0x00], // SIGKILL
    ['syscall', 0x0f, 0x05],
    ['mov eax,0x6e', 0xb8, 0x6e, 0x00, 0x00, 0x00], // getppid
    ['syscall', 0x0f, 0x05],
    [`cmp eax,0x${parent.toString(16)}`, 0x3d, imm32(parent)],
    ['jne exit', 0x75, { label: 'exit' }],
    'sleep:',
    ['mov eax,0x22', 0xb8, 0x22, 0x00, 0x00, 0x00], // pause
    ['syscall', 0x0f, 0x05],
    ['jmp sleep', 0xeb, { label: 'sleep' }],
    'exit:',
    ['mov eax,0xe7', 0xb8, 0xe7, 0x00, 0x00, 0x00], // exit_group
    ['xor edi,edi', 0x31, 0xff],
    ['syscall', 0x0f, 0x05],
  ];
}

/** Where in the helper's first page the machine code for calls begins, behind its own. */
export const helperBlobOffset = 0x200;

/** Builds the helper for x86-64. */
export function helperImage(base: number, size: number): Buffer {
  checkPages('base', base);
  checkPages('size', size);
  const image = Buffer.alloc(pageLength);
  image.set(
    elfHeaders([
      {
        flags: segmentFlag.read | segmentFlag.execute,
        offset: 0,
        address: base,
        fileLength: pageLength,
        memoryLength: pageLength,
      },
      {
        flags: segmentFlag.read | segmentFlag.write,
        offset: 0,
        address: base + pageLength,
        fileLength: 0,
        memoryLength: Math.max(size - pageLength, pageLength),
      },
    ]),
  );
  image.set(assemble(helperLines(process.pid)).code, entryOffset);
  image.set(blob.code, helperBlobOffset);
  return image;
}
