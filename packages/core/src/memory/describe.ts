import type { Vma } from '@criujs/linux';

/** Words for a map in an error: its place, rights and name. */
export function mapResource(vma: Vma): string {
  const rights = [vma.read ? 'r' : '-', vma.write ? 'w' : '-', vma.execute ? 'x' : '-', vma.shared ? 's' : 'p'].join(
    '',
  );
  return `memory map ${vma.start.toString(16)}-${vma.end.toString(16)} ${rights} ${vma.name || '(anonymous)'}`;
}

/** Words for several maps at once: `42 memory maps, 12.3 MiB`. */
export function mapsResource(maps: readonly Vma[]): string {
  const bytes = maps.reduce((sum, { start, end }) => sum + end - start, 0);
  return `${maps.length} memory map${maps.length === 1 ? '' : 's'}, ${sizeWords(bytes)}`;
}

const units = ['KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Memory is never less than a page. */
function sizeWords(bytes: number): string {
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(bytes, 1024)) / 10) - 1));
  const value = bytes / 2 ** (10 * (step + 1));
  return `${value < 10 && step > 0 ? value.toFixed(1) : Math.round(value)} ${units[step]}`;
}
