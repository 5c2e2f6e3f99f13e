/**
 * Facts of external files and sockets: what plugins are told of them at a dump, and what is put back at a restore.
 *
 * @packageDocumentation
 */
export { deviceOf, deviceStat, fileType, kindOf, typeOf } from './file-type.ts';
export { nobodyRestores } from './nobody-restores.ts';
export { type FileOwner, ownerTypes, signalOwner } from './owner.ts';
export { putBack, putBackFlags, statusFlags } from './put-back.ts';
export { socketType } from './socket-type.ts';
export { unrecorded, unrecordedSocket } from './unrecorded.ts';
