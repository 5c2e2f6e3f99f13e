/**
 * CRIU's image formats: schema, readers and writers.
 *
 * @packageDocumentation
 */
export type { MessageInitShape } from '@bufbuild/protobuf';
export { decodeImage, iterateImage } from './decode.ts';
export { encodeImage, encodeParts } from './encode.ts';
export { ImageError, type ImageErrorCode, type ImageErrorPlace } from './error.ts';
export { fileName, type ImageId, kindOfFile } from './file-name.ts';
export * from './gen/names.ts';
export { type After, type EntryFormat, type GroupFormat, type ImageFormat, imageKinds } from './kinds.ts';
export { defaultLimits, type Limits, type Where } from './limits.ts';
export { decodePagemap, encodePagemap, type Pagemap, pageCount } from './pagemap.ts';
export { readImage } from './read.ts';
export { decodeResponse, encodeRequest } from './rpc.ts';
export type { EntryInit, EntryOf, ImageKind, ImageRecord, ImageRecordInit, ImageSchemas } from './schemas.ts';
export { create, isFieldSet } from './wire/message.ts';
export { decodeText, encodeText } from './wire/text.ts';
export { writeImage } from './write.ts';
