import { exitCodes } from '@criujs/core';

/** What can be wrong with a package, a registry, or the programs that install. */
export type PackageErrorCode =
  /** No registry that npm is configured with has it. */
  | 'PACKAGE_NOT_FOUND'
  /** It has not the keyword of plugins. */
  | 'PACKAGE_NOT_A_PLUGIN'
  /** The registry cannot be reached, or does not answer as one. */
  | 'REGISTRY_FAILED'
  /** The program that installs packages is not in PATH. */
  | 'INSTALLER_MISSING'
  /** It failed. */
  | 'INSTALLER_FAILED'
  /** The code of a plugin cannot be run here without rights. */
  | 'CHECK_NOT_POSSIBLE';

const exitCodeOf: Readonly<Record<PackageErrorCode, number>> = {
  PACKAGE_NOT_FOUND: exitCodes.plugin,
  PACKAGE_NOT_A_PLUGIN: exitCodes.plugin,
  REGISTRY_FAILED: exitCodes.failed,
  INSTALLER_MISSING: exitCodes.failed,
  INSTALLER_FAILED: exitCodes.failed,
  CHECK_NOT_POSSIBLE: exitCodes.rights,
};

/** A failure around packages, before anything of a plugin runs. */
export class PackageError extends Error {
  override readonly name = 'PackageError';
  readonly code: PackageErrorCode;
  readonly remedy: string;
  readonly exitCode: number;

  constructor(code: PackageErrorCode, message: string, remedy: string) {
    super(message);
    this.code = code;
    this.remedy = remedy;
    this.exitCode = exitCodeOf[code];
  }
}
