import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aioLines } from './aio-code.ts';
import { assemble, imm32, imm64, type Line } from './assemble.ts';
import { blob, listings } from './blob.ts';
import { crashLines } from './crash-code.ts';
import { errandLines } from './errand-image.ts';
import { guardLines } from './guard-code.ts';
import { handLines } from './hand-code.ts';
import { helperLines } from './helper-image.ts';
import { listLines } from './list-code.ts';
import { queryLines } from './xstate.ts';

const guard = guardLines({
  prepare: 0x4010c0,
  prepareCount: 6,
  order: 2,
  otherwise: 0x4011c0,
  otherwiseCount: 1,
  commit: 0x7f0000401280,
  commitCount: 2,
  expect: -2n,
  thenCount: 3,
  verdict: 0x401000,
});

const programs: Readonly<Record<string, readonly Line[]>> = {
  cave: listings[0] as readonly Line[],
  blob: listings[1] as readonly Line[],
  query: queryLines,
  aio: aioLines,
  hand: handLines,
  list: listLines,
  helper: helperLines(4242),
  guard,
  errand: errandLines(0x401080, 12),
  crash: crashLines(0x7f0000403000),
};

test('labels are places and distances lead to them', () => {
  const { code, labels } = assemble([
    'again:',
    ['nop', 0x90],
    ['jmp end', 0xeb, { label: 'end' }],
    ['jmp again', 0xe9, { label: 'again', width: 4 }],
    'end:',
  ]);
  expect(labels).toEqual({ again: 0, end: 8 });
  expect([...code]).toEqual([0x90, 0xeb, 5, 0xe9, 0xf8, 0xff, 0xff, 0xff]);
});

test('numbers inside an instruction are little-endian', () => {
  expect([...imm32(0x01020304)]).toEqual([4, 3, 2, 1]);
  expect([...imm64(-2n)]).toEqual([0xfe, 255, 255, 255, 255, 255, 255, 255]);
});

test('a jump to nowhere, or too far for its width, is refused', () => {
  expect(() => assemble([['jmp nowhere', 0xeb, { label: 'nowhere' }]])).toThrowError('unknown label nowhere');
  const far: Line[] = ['start:', ...Array.from({ length: 200 }, (): Line => ['nop', 0x90])];
  expect(() => assemble([...far, ['jmp start', 0xeb, { label: 'start' }]])).toThrowError(RangeError);
});

test('the pieces of the blob are where the rest of the package expects them', () => {
  expect(blob.offsets).toEqual({ syscall: 0, sigreturn: 2, exitStub: 16, batch: 32 });
  expect(blob.cave.code).toHaveLength(64);
  expect(blob.cave.batch).toBe(9);
  expect(Buffer.from(blob.code.subarray(0, 9)).equals(blob.cave.code.subarray(0, 9))).toBe(true);
});

test.runIf(hasDisassembler()).each(Object.entries(programs))(
  'a disassembler reads %s as its table says',
  (_, lines) => {
    const { code, labels } = assemble(lines);
    const expected = lines
      .filter((line) => typeof line !== 'string')
      .map(([mnemonic]) =>
        mnemonic.replace(/^(j\w+|call) (\w+)$/, (whole, jump, label) =>
          label in labels ? `${jump} 0x${labels[label]?.toString(16)}` : whole,
        ),
      );
    expect(disassemble(code)).toEqual(expected);
  },
);

function hasDisassembler(): boolean {
  try {
    execFileSync('objdump', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The instructions as objdump prints them, without the sizes that the registers tell already. */
function disassemble(code: Uint8Array): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'criujs-'));
  try {
    const file = join(directory, 'code');
    writeFileSync(file, code);
    const options = ['-D', '-w', '-b', 'binary', '-m', 'i386:x86-64', '-M', 'intel', '--no-show-raw-insn', file];
    return execFileSync('objdump', options, { encoding: 'utf8' })
      .split('\n')
      .map((line) => /^\s*[0-9a-f]+:\s+(.*?)\s*$/.exec(line)?.[1])
      .filter((line) => line !== undefined)
      .map((line) => line.replace(/\s+/g, ' ').replace(/[BDQ]?WORD PTR |BYTE PTR /, ''));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
