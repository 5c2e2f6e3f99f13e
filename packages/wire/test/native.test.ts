import { spawnSync } from 'node:child_process';
import { decode, encode, longestMessage, type MessageInput, WireError } from '@criujs/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { headerSlots, layouts } from '../src/layout.ts';
import {
  header,
  helloFlags,
  hookFlags,
  longestText,
  magic,
  mostFiles,
  protocolVersion,
  replyFlags,
  tokenLength,
  welcomeFlags,
} from '../src/protocol.ts';
import { buildPeer, compilerMissing } from './peer.ts';

// Both sides from one table: wire.h must lay out what protocol.ts says, and both decoders must judge alike.

describe.skipIf(compilerMissing !== null)(`with a C compiler (${compilerMissing ?? 'there is one'})`, () => {
  test('wire.h has the layout of the table', async () => {
    const expected = new Map<string, number>(headerSlots.map(({ name, offset }) => [`header.${name}`, offset]));
    for (const { type, code, slots, texts, size } of layouts) {
      const struct = type.toLowerCase();
      for (const { name, offset } of slots) expected.set(`${struct}.${snake(name)}`, offset);
      if (texts[0] !== undefined) expected.set(`${struct}.texts`, texts[0].lengthOffset);
      expected.set(`form ${code} ${size}`, texts.length);
    }
    const constants = { version: protocolVersion, magic, longest_message: longestMessage, longest_text: longestText };
    for (const [name, value] of Object.entries({
      ...constants,
      token: tokenLength,
      most_files: mostFiles,
      ...helloFlags,
      ...welcomeFlags,
      ...hookFlags,
      ...replyFlags,
    }))
      expected.set(`WIRE_${name.toUpperCase()}`, value);
    const { stdout } = spawnSync(await buildPeer(), ['layout'], { encoding: 'utf8' });
    const shown = stdout
      .trim()
      .split('\n')
      .map((line): [string, number] => {
        const at = line.lastIndexOf(' ');
        return [line.slice(0, at), Number(line.slice(at + 1))];
      });
    expect(new Map(shown)).toEqual(expected);
    expect(Object.keys(header)).toHaveLength(headerSlots.length);
  });

  test('both decoders judge any message alike, and C reads no byte too far', async () => {
    const samples = fc.sample(anyBytes, 5000);
    const input = Buffer.concat(samples.flatMap((it) => [lengthOf(it), it]));
    const { stdout, stderr, status } = spawnSync(await buildPeer(), ['judge'], {
      input,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    const verdicts = stdout.trim().split('\n');
    expect(verdicts).toHaveLength(samples.length);
    const accepted = samples.filter((bytes, index) => {
      const ours = judge(bytes);
      expect(verdicts[index], bytes.toString('hex')).toBe(ours);
      return !ours.startsWith('-');
    });
    expect(accepted.length, 'messages that both accept').toBeGreaterThan(100);
    expect(accepted.length, 'messages that both refuse').toBeLessThan(samples.length - 100);
  });
});

/** What wire_check answers for it: type and the lengths of its texts, or a negated error number. */
function judge(bytes: Buffer): string {
  try {
    const message = decode(bytes) as unknown as Readonly<Record<string, unknown>>;
    const layout = layouts.find(({ type }) => type === message['type'])!;
    const lengths = layout.texts.map(({ lengthOffset }) => bytes.readUInt32LE(lengthOffset));
    return [layout.code, ...lengths].join(' ');
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const EBADMSG = -74;
    const EPROTONOSUPPORT = -93;
    return String(error.code === 'WIRE_VERSION' ? EPROTONOSUPPORT : EBADMSG);
  }
}

const short = fc.string({ unit: 'binary-ascii', maxLength: 40 }).map((it) => it.replaceAll('\0', ' '));

const known: fc.Arbitrary<Buffer> = fc.constantFrom(...layouts).chain(({ type, texts }) => {
  return fc.tuple(short, short, fc.nat(0xffff_ffff)).map(([first, second, sequence]) => {
    const said = Object.fromEntries(texts.map(({ name }, index) => [name, [first, second][index]]));
    return encode({ type, sequence, ...said } as MessageInput);
  });
});

/** Whole messages, some with other bytes, lengths or ends. */
const anyBytes: fc.Arbitrary<Buffer> = fc.oneof(
  known,
  fc.uint8Array({ maxLength: 200 }).map((it) => Buffer.from(it)),
  fc
    .tuple(known, fc.array(fc.tuple(fc.nat(250), fc.nat(255)), { maxLength: 5 }), fc.nat(20), fc.nat(20), fc.boolean())
    .map(([bytes, changes, cut, more, fix]) => {
      const copy = Buffer.concat([bytes.subarray(0, Math.max(0, bytes.length - cut)), Buffer.alloc(more, 7)]);
      for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value;
      if (fix && copy.length >= 16) copy.writeUInt32LE(copy.length, 12);
      return copy;
    }),
);

function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return length;
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (it) => `_${it.toLowerCase()}`);
}
