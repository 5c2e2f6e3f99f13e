import { basename } from 'node:path';
import { hooksRead, type Inspection, inspectFile } from '@criujs/legacy-compat/inspect';
import type { PortedPlugin } from '../answers.ts';
import { CreateError } from '../create-error.ts';

/**
 * Reads which hooks an existing plugin registers, without running it: what `--from` names, a text in C, a compiled plugin, or
 * a module in JavaScript or TypeScript of CRIU's structures.
 * @param options.partial take what is told of one that does not tell all of its hooks
 * @throws CreateError PORT_UNREADABLE: it is no such plugin, is damaged, or does not tell all of its hooks; PORT_OF_TODAY: it
 * needs no port
 */
export async function readPorted(path: string, { partial }: { readonly partial: boolean }): Promise<PortedPlugin> {
  const { structure, ...found } = await inspect(path);
  if (structure === 'today') {
    throw new CreateError(
      'PORT_OF_TODAY',
      `${path} is already a current plugin, made by definePlugin`,
      'Leave --from out, and copy its hooks into the new project.',
    );
  }
  if (!found.complete && !partial) {
    throw new CreateError(
      'PORT_UNREADABLE',
      `not all hooks of ${path} can be read: ${found.notes.join('; ')}. ${hooksRead(found)}`,
      `Go on with what was read (--partial)${found.format === 'elf' ? ', name its source in C (--from plugin.c),' : ','} or leave --from out and say with --handles what it is for.`,
    );
  }
  return {
    source: basename(path),
    format: found.format,
    structure,
    name: found.name,
    init: found.init === null ? null : (found.init.name ?? ''),
    exit: found.exit === null ? null : (found.exit.name ?? ''),
    hooks: found.hooks.map(({ hook, function: name, parameters }) => ({ hook, function: name ?? '', parameters })),
    unknown: found.unknown.map(({ hook }) => hook),
    hooksRead: hooksRead(found),
    complete: found.complete,
    notes: found.notes,
    devices: found.format === 'c' ? found.devices : [],
  };
}

async function inspect(path: string): Promise<Inspection> {
  try {
    return await inspectFile(path);
  } catch (error) {
    const { code, message, remedy } = error as { code?: unknown; message: string; remedy?: string };
    if (typeof code !== 'string' || !code.startsWith('PLUGIN_')) throw error;
    throw new CreateError('PORT_UNREADABLE', message, remedy ?? 'Name another file.', error);
  }
}
