export { type BuildOptions, buildNative, type NativeKind } from './build/build.ts';
export { findCompiler } from './build/compiler.ts';
export { type Prebuilt, prebuildNative } from './build/prebuild.ts';
export { type ChildOptions, type ChildPeer, childDescriptors, startChild } from './child.ts';
export { decode, encode, versionOf } from './codec.ts';
export type { Connection, Look, Received } from './connection.ts';
export { WireError, type WireErrorCode, type WireErrorDetails } from './errors.ts';
export type { Expects, Handlers } from './hub.ts';
export { type Listener, type ListenOptions, listen } from './listen.ts';
export {
  helloFlags,
  hookFlags,
  longestMessage,
  longestText,
  type Message,
  type MessageInput,
  type MessageType,
  mostFiles,
  protocolVersion,
  replyFlags,
  tokenLength,
  welcomeFlags,
} from './protocol.ts';
