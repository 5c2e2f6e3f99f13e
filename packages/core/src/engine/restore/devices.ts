import { EngineError } from '@criujs/engine-kit';
import { closeFd } from '@criujs/linux';
import { pageSize, vmaStatus } from '../../facts/memory.ts';
import type { OpenedFiles } from '../../files/opened.ts';
import { hookMissing } from '../../files/providers.ts';
import { keepDescriptor } from '../../kinds/files/plugin-descriptor.ts';
import type { Session } from '../../run/session.ts';
import type { MapPlan, MapSource, MemoryPlan } from './layout.ts';
import { accessOf } from './sources.ts';

/** The memory maps that plugins took at the dump. */
export interface DeviceMaps {
  /** Ids of their files. */
  readonly files: ReadonlySet<number>;
  /** Asks the plugins what each is made from now. @throws EngineError what a plugin throws, HOOK_BAD_RESULT */
  open(files: OpenedFiles): void;
  close(): void;
}

/** A process as far as its maps are concerned. */
interface Mapped {
  readonly image: { readonly pid: number };
  readonly memory: Pick<MemoryPlan, 'maps'>;
}

/**
 * Finds these maps, before anything is opened or asked.
 * @param named the plugins that the inventory names
 * @throws EngineError PLUGIN_MISSING: images alone must not make us open a device
 */
export function planDevices(tasks: readonly Mapped[], named: readonly string[], session: Session): DeviceMaps {
  const { hooks } = session;
  const maps = tasks.flatMap(({ image: { pid }, memory }) =>
    memory.maps.filter(({ entry }) => entry.status & vmaStatus.extPlugin).map((map) => ({ pid, map })),
  );
  const [first] = maps;
  if (first !== undefined && !hooks.serves('UPDATE_VMA_MAP')) {
    const taken = `memory map 0x${first.map.start.toString(16)} of ${first.pid} was taken`;
    throw hookMissing('UPDATE_VMA_MAP', taken, named, first.pid);
  }
  const opened: number[] = [];

  function sourceOf(pid: number, map: MapPlan, files: OpenedFiles): MapSource {
    const { entry } = map;
    const id = Number(entry.shmid);
    const path = files.path(id);
    const resource = `${pid} memory map 0x${map.start.toString(16)} of ${path}`;
    const asItWas = (offset: number | bigint): MapSource => ({ fd: files.mapping(id, accessOf(entry)), offset });
    const args = { path, address: entry.start, oldOffset: entry.pgoff };
    const answer = hooks.call('UPDATE_VMA_MAP', args, { resource });
    if (!answer.claimed) throw nobodyMaps(pid, resource);
    if (answer.result === undefined) return asItWas(entry.pgoff);
    const { offset, fd } = answer.result;
    if (BigInt(offset) % BigInt(pageSize) !== 0n) throw unaligned(answer.plugin, resource, offset);
    if (fd === undefined) return asItWas(offset);
    const own = keepDescriptor(fd, { plugin: answer.plugin, hook: 'UPDATE_VMA_MAP', resource }, session);
    opened.push(own);
    return { fd: own, offset };
  }

  return {
    files: new Set(maps.map(({ map }) => Number(map.entry.shmid))),
    open(files) {
      for (const { pid, map } of maps) {
        session.checkAborted();
        map.device = sourceOf(pid, map, files);
      }
    },
    close() {
      for (const fd of opened.splice(0)) closeFd(fd);
    },
  };
}

function nobodyMaps(pid: number, resource: string): EngineError {
  const remedy = 'Load the plugin that dumped it, or restore with CRIU, which would open the device as it was.';
  const message = `no loaded plugin says what ${resource} is made from`;
  return new EngineError('PLUGIN_FAILED', message, { pid, hook: 'UPDATE_VMA_MAP', resource, remedy });
}

function unaligned(plugin: string, resource: string, offset: number | bigint): EngineError {
  const message = `plugin ${plugin} answered UPDATE_VMA_MAP of ${resource} with the offset ${offset}, which is not a multiple of the page size`;
  const remedy = `Report this to the authors of ${plugin}.`;
  return new EngineError('HOOK_BAD_RESULT', message, { plugin, hook: 'UPDATE_VMA_MAP', resource, remedy });
}
