import type { DescMessage, MessageInitShape, MessageValidType } from '@bufbuild/protobuf';
import { criu_reqSchema, criu_respSchema } from './gen/rpc_pb.ts';
import { defaultLimits } from './limits.ts';
import { decodeMessage } from './wire/decode.ts';
import { encodeMessage } from './wire/encode.ts';
import { create } from './wire/message.ts';

/** The bytes of one request to a running criu; each goes in a packet of its own. Throws ImageError. */
export function encodeRequest(request: MessageInitShape<typeof criu_reqSchema>): Uint8Array {
  return encodeMessage(criu_reqSchema as DescMessage, create(criu_reqSchema, request), {
    offset: 0,
    limits: defaultLimits,
  });
}

/** One answer of a running criu. Throws ImageError. */
export function decodeResponse(bytes: Uint8Array): MessageValidType<typeof criu_respSchema> {
  return decodeMessage(criu_respSchema, bytes, { offset: 0, limits: defaultLimits, file: 'answer of criu' });
}
