import type { FileEntry, LatePlace, Newborn, Opener } from '../kinds/files/opening.ts';

/** What the openers of files do once these are open. */
export interface LaterSteps {
  led(pid: number, leader: Newborn): void;
  afterFork(place: LatePlace): void;
  /** Never throws. */
  start(): void;
}

/**
 * @param opened the engine's descriptors, by the ids of files
 * @param openers of all kinds
 * @param fileOf a file of the images, and who opens it
 */
export function laterSteps(
  opened: ReadonlyMap<number, number>,
  openers: ReadonlyMap<unknown, Opener>,
  fileOf: (id: number) => readonly [FileEntry, Opener],
  warn: (message: string) => void,
): LaterSteps {
  function tryToStart(id: number, fd: number): void {
    const [file, opener] = fileOf(id);
    try {
      opener.start?.(file, fd);
    } catch (error) {
      warn(`file ${file.id}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  return {
    led(pid, leader) {
      for (const opener of openers.values()) opener.led?.(pid, leader);
    },
    afterFork(place) {
      for (const [id, fd] of opened) {
        const [file, opener] = fileOf(id);
        opener.afterFork?.(file, fd, place);
      }
    },
    start() {
      for (const [id, fd] of opened) tryToStart(id, fd);
    },
  };
}
