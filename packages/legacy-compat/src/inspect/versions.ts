/** The newest version of a descriptor that any CRIU knows, 0.2.0; every CRIU that knows descriptors has it (criu-plugin.h, 1.4 to 4.2). */
export const newestVersion = 0x200;

/** What CRIU gives to a plugin of functions with fixed names. */
export const functionsVersion = 0x100;

/** `0.2.0` for 0x200: a byte for each part, the first may be larger (CRIU_PLUGIN_GEN_VERSION in criu-plugin.h). */
export function versionText(version: number): string {
  return [version >>> 16, (version >>> 8) & 0xff, version & 0xff].join('.');
}
