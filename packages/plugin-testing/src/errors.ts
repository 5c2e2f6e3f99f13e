import type { CriuError } from '@criujs/plugin-sdk';

/** Codes of {@link KitError}. Where the kit stands in for the engine it uses the engine's codes. */
export type KitErrorCode =
  /** No plugin takes a resource of the tree: an engine would refuse the dump. */
  | 'UNSUPPORTED'
  /** A plugin does not restore what it should, as an engine would report it. */
  | 'PLUGIN_FAILED'
  /** The image needs a plugin that is not loaded; or nobody opens a resource, and the provider is not known. */
  | 'PLUGIN_MISSING'
  /** The run's signal was aborted between two calls. */
  | 'ABORTED'
  /** A plugin closed a descriptor that it had answered. */
  | 'DESCRIPTOR_CLOSED'
  /** The fault `engine-failed` struck. */
  | 'ENGINE_FAILED'
  /** The fault `host-gone` occurred: the process that runs the plugins is dead. */
  | 'HOST_GONE'
  /** The description of a pretend tree does not hold together. */
  | 'BAD_TREE'
  /** A fault that cannot be. */
  | 'BAD_FAULT'
  /** There is no image to restore from, since the dump failed. */
  | 'NO_IMAGE'
  /** A plugin does not behave as the contract asks. */
  | 'NOT_CONFORMING'
  /** The field `criu` of package.json does not say what the plugin is. */
  | 'MANIFEST_DIFFERS';

/** What a {@link KitError} carries beside its code and message. */
export interface KitErrorDetails {
  readonly remedy?: string | undefined;
  readonly plugin?: string | undefined;
  readonly hook?: string | undefined;
  readonly resource?: string | undefined;
  readonly cause?: unknown;
}

const fields = ['remedy', 'plugin', 'hook', 'resource'] as const;

/** Every failure that the kit itself reports; what the host reports is a HostError. */
export class KitError extends Error implements CriuError {
  override readonly name = 'KitError';
  readonly code: KitErrorCode;
  declare readonly remedy?: string;
  declare readonly plugin?: string;
  declare readonly hook?: string;
  declare readonly resource?: string;

  constructor(code: KitErrorCode, message: string, details: KitErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    for (const field of fields) {
      if (details[field] !== undefined) Object.defineProperty(this, field, { value: details[field], enumerable: true });
    }
  }
}

/** Whether this is how a run ends; anything else is a mistake in the test, which must see it. */
export function isRunError(error: unknown): error is CriuError {
  return error instanceof Error && (error.name === 'HostError' || error.name === 'KitError');
}
