import { filterCode, filterData, filterProgram, filterReturn } from '../facts/seccomp.ts';

/** How a jump decides: BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET with a constant. linux/bpf_common.h */
const jumps: Readonly<Record<number, (value: number, constant: number) => boolean>> = {
  [filterCode.jumpIfEqual]: (value, constant) => value === constant,
  [filterCode.jumpIfGreater]: (value, constant) => value > constant,
  [filterCode.jumpIfGreaterOrEqual]: (value, constant) => value >= constant,
  [filterCode.jumpIfSet]: (value, constant) => (value & constant) !== 0,
};

/**
 * Whether a filter of system calls allows a call whatever its arguments are. False too where that depends on them, or the filter does
 * something that is not understood.
 * @param program instructions, `struct sock_filter` each
 */
export function allowsCall(program: Buffer, call: number): boolean {
  const count = program.length / filterProgram.instruction;
  let value = 0;
  // Jumps lead forward only.
  for (let at = 0; at < count; at++) {
    const from = at * filterProgram.instruction;
    const code = program.readUInt16LE(from);
    const constant = program.readUInt32LE(from + 4);
    const jump = jumps[code];
    if (code === filterCode.return) return isAllowed(constant);
    if (jump !== undefined) at += program.readUInt8(from + (jump(value, constant) ? 2 : 3));
    else if (code === filterCode.jump) at += constant;
    else if (code === filterCode.load && constant === filterData.call) value = call;
    else if (code === filterCode.load && constant === filterData.processor) value = filterData.x86_64;
    else return false;
  }
  return false;
}

function isAllowed(answer: number): boolean {
  const action = (answer & filterReturn.action) >>> 0;
  return action === filterReturn.allow || action === filterReturn.log;
}
