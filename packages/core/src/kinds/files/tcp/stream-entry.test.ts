import { decodeImage, encodeImage } from '@criujs/images';
import { expect, test } from 'vitest';
import type { TcpConnection } from './connection.ts';
import { connectionOf, streamEntry, streamImage } from './stream-entry.ts';

const connection: TcpConnection = {
  state: 1,
  agreed: 7,
  sendScale: 7,
  receiveScale: 10,
  maximumSegment: 1460,
  timestamp: 123,
  received: { bytes: Buffer.from('received'), next: 0xffff_ffff },
  sent: { bytes: Buffer.from('to be sent'), next: 5, unsent: 4 },
  window: { updatedAt: 1, send: 2, most: 3, receive: 4, receiveFrom: 5 },
};

function throughImage(it: TcpConnection, change: object = {}, data?: Uint8Array): TcpConnection {
  const { message, data: queues } = streamEntry(it);
  const bytes = encodeImage('TCP_STREAM', [{ message, data: queues }]);
  const [record] = decodeImage('TCP_STREAM', bytes, { file: 'tcp-stream-1.img' });
  if (record === undefined) throw new Error('the image is empty');
  return connectionOf(
    Object.assign(record.message, change),
    data ?? record.data ?? new Uint8Array(),
    it.state,
    'tcp-stream-1.img',
  );
}

test('a connection comes out of its image as it went in', () => {
  expect(streamImage(0x1f)).toBe('tcp-stream-1f.img');
  expect(throughImage(connection)).toEqual(connection);
  const plain = { ...connection, agreed: 0, sendScale: 0, receiveScale: 0, timestamp: 0 };
  expect(throughImage(plain)).toEqual(plain);
});

test('an image of an old release has no windows', () => {
  expect(throughImage({ ...connection, window: null }).window).toBeNull();
});

test.each([
  [{ sndWscale: 15 }, 'the scale of what a connection sends is 15'],
  [{ rcvWscale: 99 }, 'the scale of what a connection receives is 99'],
  [{ mssClamp: 0 }, 'the largest segment of a connection is 0'],
  [{ unsqLen: 11 }, '11 of 10 bytes were not sent'],
  [{ sndWnd: 9 }, 'a window of 9, which was never over 3'],
  [{ inqLen: 9 }, 'queues of 9 and 10 bytes, and 18 bytes'],
])('%o is refused', (change, why) => {
  expect(() => throughImage(connection, change)).toThrowError(why);
});
