import type { Step } from './observe.ts';

/** A moment of a run: what is called then, in any order, and what of the program and of the images is there. */
export interface Moment {
  readonly calls: readonly Step[];
  readonly how: string;
  readonly program: string;
  readonly images: string;
}

const calls = (calls: readonly Step[], how: string, program: string, images: string): Moment => ({
  calls,
  how,
  program,
  images,
});

/** What the page shows of both engines. A later moment begins when the one before is over. */
export const timelines: { readonly [S in 'dump' | 'restore']: readonly Moment[] } = {
  dump: [
    calls(['init'], 'once a plugin', 'runs', 'none'),
    calls(['PAUSE_DEVICES'], 'for each process', 'runs', 'none'),
    calls(['CHECKPOINT_DEVICES'], 'for each process', 'stands still', 'none'),
    calls(
      ['DUMP_EXT_MOUNT', 'DUMP_EXT_FILE', 'DUMP_UNIX_SK', 'HANDLE_DEVICE_VMA', 'DUMP_EXT_LINK'],
      'for each resource',
      'stands still',
      'in the making',
    ),
    calls(['DUMP_DEVICES_LATE'], 'once', 'stands still', 'all but memory'),
    calls(['exit'], 'once a plugin', 'runs, or is gone', 'complete, or none'),
  ],
  restore: [
    calls(['init'], 'once a plugin', 'is not there', 'complete'),
    calls(['RESTORE_INIT'], 'once', 'is not there', 'read'),
    calls(
      ['RESTORE_EXT_MOUNT', 'RESTORE_EXT_FILE', 'RESTORE_UNIX_SK', 'UPDATE_VMA_MAP'],
      'for each resource',
      'is made',
      'files are opened',
    ),
    calls(['POST_FORKING'], 'once', 'is made', 'everything is open'),
    calls(['RESUME_DEVICES_LATE'], 'for each process', 'is complete, stands still', 'everything is open'),
    calls(['exit'], 'once a plugin', 'runs, or is gone', 'complete'),
  ],
};
