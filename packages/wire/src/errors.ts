import type { CriuError } from '@criujs/plugin-sdk';

/** Codes of {@link WireError}. They are stable: programs may compare them. */
export type WireErrorCode =
  /** A message that breaks the protocol. */
  | 'WIRE_MALFORMED'
  /** The other end speaks another version of the protocol. */
  | 'WIRE_VERSION'
  /** A field or a text does not fit into its message. */
  | 'WIRE_LIMIT'
  /** The other end is gone, or does not take what it is sent. */
  | 'WIRE_CLOSED'
  /** The socket cannot be made in that directory. */
  | 'WIRE_SOCKET'
  /** There is no C compiler, and nothing was built before. */
  | 'NATIVE_NO_COMPILER'
  /** The compiler failed. */
  | 'NATIVE_BUILD_FAILED'
  /** The folder for what is built cannot be trusted: others may write to it. */
  | 'NATIVE_CACHE_UNSAFE';

export interface WireErrorDetails {
  readonly remedy?: string | undefined;
  readonly cause?: unknown;
}

/** What goes wrong between a host and a native program. */
export class WireError extends Error implements CriuError {
  override readonly name = 'WireError';
  readonly code: WireErrorCode;
  declare readonly remedy?: string;

  constructor(code: WireErrorCode, message: string, details: WireErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    if (details.remedy !== undefined) this.remedy = details.remedy;
  }
}
