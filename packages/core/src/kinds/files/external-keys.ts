import { EngineError, type EngineOptions } from '@criujs/engine-kit';

/** What a dump can leave to whoever restores, by the types of `--external` that the engine knows. criu(8) */
const externalTypes: Readonly<Record<string, RegExp>> = {
  pipe: /^pipe\[\d+\]$/,
};

/** @throws EngineError UNSUPPORTED for a resource that only CRIU can leave out; BAD_OPTION */
export function checkExternal({ external }: Pick<EngineOptions<'dump'>, 'external'>): void {
  for (const key of external) {
    const type = key.slice(0, key.indexOf('['));
    const form = externalTypes[type];
    if (form === undefined)
      throw new EngineError('UNSUPPORTED', `${key}: the engine has no external resources of the type ${type}`, {
        remedy: `It has ${Object.keys(externalTypes).join(', ')}. CRIU has more: --engine criu.`,
      });
    if (!form.test(key))
      throw new EngineError('BAD_OPTION', `${key} names no ${type}`, {
        remedy: "Give its inode, as /proc/PID/fd shows it: --external 'pipe[INO]' (option `external`).",
      });
  }
}

/** Whether the user leaves a pipe to whoever restores. */
export function isExternalPipe(inode: number, { external }: Pick<EngineOptions<'dump'>, 'external'>): boolean {
  return external.includes(`pipe[${inode}]`);
}
