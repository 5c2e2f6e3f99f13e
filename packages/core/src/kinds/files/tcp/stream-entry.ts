import type { EntryInit, EntryOf } from '@criujs/images';
import { agreed, mostWindowScale } from '../../../facts/tcp.ts';
import { between, hold, invalid, type Rule } from '../../rules.ts';
import type { TcpConnection } from './connection.ts';

/** Where CRIU keeps what a connection is beside its addresses and options: an image for each, by its inode. */
export function streamImage(inode: number): string {
  return `tcp-stream-${inode.toString(16)}.img`;
}

type StreamEntry = EntryOf<'TCP_STREAM'>;

/** The image of a connection; both queues follow its entry. */
export function streamEntry(connection: TcpConnection): {
  readonly message: EntryInit<'TCP_STREAM'>;
  readonly data: Uint8Array;
} {
  const { agreed: bits, sendScale, receiveScale, maximumSegment, timestamp, received, sent, window } = connection;
  return {
    message: {
      ...{ inqLen: received.bytes.length, inqSeq: received.next, outqLen: sent.bytes.length, outqSeq: sent.next },
      ...{ unsqLen: sent.unsent, optMask: bits, mssClamp: maximumSegment, sndWscale: sendScale },
      ...(bits & agreed.windowScale && { rcvWscale: receiveScale }),
      ...(bits & agreed.timestamps && { timestamp }),
      ...(window !== null && {
        ...{ sndWl1: window.updatedAt, sndWnd: window.send, maxWindow: window.most },
        ...{ rcvWnd: window.receive, rcvWup: window.receiveFrom },
      }),
    },
    data: Buffer.concat([received.bytes, sent.bytes]),
  };
}

const least = { segment: 1, most: 0xffff } as const;

const rules: readonly Rule<StreamEntry>[] = [
  between('the scale of what a connection sends', ({ sndWscale }) => sndWscale, 0, mostWindowScale),
  between('the scale of what a connection receives', ({ rcvWscale }) => rcvWscale, 0, mostWindowScale),
  between('the largest segment of a connection', ({ mssClamp }) => mssClamp, least.segment, least.most),
];

/**
 * The connection of an image.
 * @param state the one that the entry of its socket has
 * @throws EngineError IMAGE_INVALID
 */
export function connectionOf(message: StreamEntry, data: Uint8Array, state: number, file: string): TcpConnection {
  hold(message, file, rules);
  const { inqLen, outqLen, unsqLen, sndWnd, maxWindow } = message;
  if (data.length !== inqLen + outqLen)
    throw invalid(file, `queues of ${inqLen} and ${outqLen} bytes, and ${data.length} bytes`);
  if (unsqLen > outqLen) throw invalid(file, `${unsqLen} of ${outqLen} bytes were not sent`);
  if (sndWnd > maxWindow) throw invalid(file, `a window of ${sndWnd}, which was never over ${maxWindow}`);
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return {
    state,
    agreed: message.optMask,
    sendScale: message.sndWscale,
    receiveScale: message.rcvWscale,
    maximumSegment: message.mssClamp,
    timestamp: message.timestamp,
    received: { bytes: bytes.subarray(0, inqLen), next: message.inqSeq },
    sent: { bytes: bytes.subarray(inqLen), next: message.outqSeq, unsent: unsqLen },
    window: Object.hasOwn(message, 'sndWnd')
      ? {
          updatedAt: message.sndWl1,
          send: sndWnd,
          most: maxWindow,
          receive: message.rcvWnd,
          receiveFrom: message.rcvWup,
        }
      : null,
  };
}
