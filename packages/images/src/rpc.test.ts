import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { CriuRespSchema } from './gen/names.ts';
import { defaultLimits } from './limits.ts';
import { decodeResponse, encodeRequest } from './rpc.ts';
import { encodeMessage } from './wire/encode.ts';

test('a request is what protobuf makes of it', () => {
  // type = DUMP, opts = { images_dir_fd: 3, pid: 300, shell_job: true }
  const bytes = encodeRequest({ type: 1, opts: { imagesDirFd: 3, pid: 300, shellJob: true } });
  expect([...bytes]).toEqual([0x08, 1, 0x12, 7, 0x08, 3, 0x10, 0xac, 2, 0x38, 1]);
  expect([...encodeRequest({ type: 6, notifySuccess: false })]).toEqual([0x08, 6, 0x18, 0]);
});

test('an answer is read, and nonsense is an error', () => {
  const place = { offset: 0, limits: defaultLimits };
  const message = create(CriuRespSchema, { type: 2, success: true, restore: { pid: 4242 } });
  expect(decodeResponse(encodeMessage(CriuRespSchema, message, place))).toMatchObject({
    type: 2,
    success: true,
    restore: { pid: 4242 },
  });
  for (const bytes of [[], [0x08, 1], [0xff, 0xff, 0xff], [0x08, 1, 0x10]]) {
    expect(() => decodeResponse(Uint8Array.from(bytes))).toThrow(expect.objectContaining({ name: 'ImageError' }));
  }
});
