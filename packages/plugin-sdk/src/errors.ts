/** The shape of every criujs error. Compare `code`, never classes: there may be two copies of a package. */
export interface CriuError extends Error {
  /** Stable: programs may compare it. */
  readonly code: string;
  /** What a person can do about it. */
  readonly remedy?: string;
  readonly pid?: number;
  readonly resource?: string;
  readonly plugin?: string;
  readonly hook?: string;
}

export interface PluginErrorDetails {
  /** Default `PLUGIN_ERROR`. */
  readonly code?: string;
  /** The errno, as a name (`ENODEV`) or a number; CRIU gets it if CRIU runs the hook. */
  readonly errno?: string | number;
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** What a plugin throws to give more than a message. Any other error fails the hook as well. */
export class PluginError extends Error implements CriuError {
  override readonly name = 'PluginError';
  readonly code: string;
  declare readonly errno?: string | number;
  declare readonly remedy?: string;

  constructor(message: string, details: PluginErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = details.code ?? 'PLUGIN_ERROR';
    if (details.errno !== undefined) this.errno = details.errno;
    if (details.remedy !== undefined) this.remedy = details.remedy;
  }
}
