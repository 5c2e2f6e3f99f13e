import { executablePage } from '../executable.ts';
import { native } from '../native.ts';
import { crashCode, crashLayout } from '../processor/processor.ts';
import { signals } from '../signals.ts';
import { syscall } from '../syscall.ts';

/** Words around the name of a signal. */
export interface CrashText {
  readonly before: string;
  readonly after: string;
}

/** What a process that a signal ends says. */
export interface LastWords {
  /** To descriptor 2. */
  readonly errors: CrashText;
  /** To descriptor 1, if anything. */
  readonly output: CrashText | null;
  /** The code with which the process ends; null: it ends by the signal, as it would have. */
  readonly exitCode: number | null;
}

/** Descriptors that the texts go to. */
export interface CrashDescriptors {
  readonly errors: number;
  readonly output: number;
}

/** The handler's code, and what it works on. */
export interface CrashMemory {
  readonly handler: number;
  readonly restorer: number;
  setPrevious(handler: number): void;
  /** Makes this what is said from now on. @throws RangeError when a text has no room */
  say(words: LastWords, descriptors: CrashDescriptors): void;
  hush(): void;
}

const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const none = -1;

let mapped: CrashMemory | undefined;

/** Gives the memory of the handler. It stays for good: a thread may be in the handler when it is taken away. */
export function crashMemory(): CrashMemory {
  mapped ??= map();
  return mapped;
}

function map(): CrashMemory {
  const data = syscall('mmap', 0, crashLayout.size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  const { code, labels } = crashCode(data);
  const page = executablePage('criujs-crash', code);
  const bytes = Buffer.from(native().koffi.view(BigInt(data), crashLayout.size));
  writeNames(bytes, data);
  let turn = 0;
  // A Buffer writes byte by byte, and another thread may be reading.
  const current = new Uint32Array(bytes.buffer, bytes.byteOffset + crashLayout.current, 1);
  const setCurrent = (slot: number): void => {
    current[0] = slot;
  };
  return {
    handler: page + (labels['handler'] ?? 0),
    restorer: page + (labels['restorer'] ?? 0),
    setPrevious: (handler) => void bytes.writeBigUInt64LE(BigInt(handler), crashLayout.previous),
    say(words, descriptors) {
      turn = 1 - turn;
      const slot = crashLayout.slots[turn] as number;
      const start = crashLayout.texts[turn] as number;
      bytes.writeInt32LE(words.exitCode ?? none, slot + crashLayout.exitCode);
      const outputs = [
        { text: words.errors, descriptor: descriptors.errors },
        { text: words.output, descriptor: descriptors.output },
      ];
      outputs.forEach(({ text, descriptor }, index) => {
        const output = slot + (crashLayout.outputs[index] as number);
        const at = start + index * crashLayout.textRoom;
        bytes.writeInt32LE(text === null ? none : descriptor, output + crashLayout.descriptor);
        if (text !== null) writeText(bytes, data, { vectors: output + crashLayout.vectors, at, text });
      });
      setCurrent(slot);
    },
    hush: () => setCurrent(0),
  };
}

function writeNames(bytes: Buffer, data: number): void {
  let at: number = crashLayout.nameTexts;
  for (const [name, signal] of Object.entries(signals)) {
    const length = bytes.write(name, at, 'latin1');
    setVector(bytes, crashLayout.names + signal * crashLayout.nameLength, data + at, length);
    at += length;
  }
}

interface Place {
  /** Where its three vectors are. */
  readonly vectors: number;
  /** Where its words go. */
  readonly at: number;
  readonly text: CrashText;
}

function writeText(bytes: Buffer, data: number, { vectors, at, text }: Place): void {
  const length = Buffer.byteLength(text.before) + Buffer.byteLength(text.after);
  if (length > crashLayout.textRoom) throw new RangeError(`last words of ${length} bytes: there is no room`);
  const before = bytes.write(text.before, at);
  const after = bytes.write(text.after, at + before);
  setVector(bytes, vectors, data + at, before);
  setVector(bytes, vectors + 32, data + at + before, after);
}

/** Writes a struct iovec. */
function setVector(bytes: Buffer, offset: number, address: number, length: number): void {
  bytes.writeBigUInt64LE(BigInt(address), offset);
  bytes.writeBigUInt64LE(BigInt(length), offset + 8);
}
