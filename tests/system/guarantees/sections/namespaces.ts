import { failure, images, order, type Section, section, target } from '../sentence.ts';

export const dumpMount = section('DUMP_EXT_MOUNT', '`DUMP_EXT_MOUNT`', 'A mount whose source is outside.', {
  1: order.embedded('The embedded engine never calls it.'),
  2: order.criu('It is called once for each such mount, after `CHECKPOINT_DEVICES` and before all files.'),
  3: target.criu('The program stands still.'),
  4: images.criu('No image of a process has been written yet.'),
  5: failure.criu('When it throws, the dump fails and the program runs on.'),
});

export const restoreMount = section('RESTORE_EXT_MOUNT', '`RESTORE_EXT_MOUNT`', 'A mount that a plugin took.', {
  1: order.embedded('The embedded engine never calls it.'),
  2: order.criu('It is called once for each such mount, before any file is opened.'),
  3: target.criu('`mountpoint` is a path in the mount namespace of the program, not in that of the plugin.'),
  4: images.criu('The images are complete.'),
  5: failure.criu('When it throws, no process is left.'),
});

export const dumpLink = section(
  'DUMP_EXT_LINK',
  '`DUMP_EXT_LINK`',
  'A network link of a kind that CRIU does not know.',
  {
    1: order.embedded('The embedded engine never calls it.'),
    2: order.criu('It is called once for each such link, after `CHECKPOINT_DEVICES`.'),
    3: target.criu('The program stands still.'),
    4: images.criu('Images of processes have been written.'),
    5: failure.criu('When it throws, the dump fails and the program runs on.'),
  },
);

export const ofNamespaces: readonly Section[] = [dumpMount, restoreMount, dumpLink];
