import { failure, images, order, type Section, section, target, together } from '../sentence.ts';

export const pause = section('PAUSE_DEVICES', '`PAUSE_DEVICES`', 'A process is about to be stopped.', {
  1: order('It is called once for each process that lives, parents before their children, before any other hook.'),
  2: order.embedded('It is called for all processes before any of them is stopped.'),
  3: order.criu(
    'It is called for a process just before that one is stopped: its ancestors, and those told before it, stand still by then.',
  ),
  4: order('A process that is born meanwhile is told, too, before it is stopped; its ancestors stand still by then.'),
  5: order('A process that has ended before its turn is not told, nor is a zombie.'),
  6: order('A process that was told and has ended meanwhile fails nothing: it is not part of the dump.'),
  7: target('The process that it is called for runs.'),
  8: images('No image has been written yet.'),
  9: failure(
    'When it throws, processes that were not told by then are not told, nothing has been saved, and `CHECKPOINT_DEVICES` is not called.',
  ),
  10: failure(
    'When it throws and the process that it was called for has ended meanwhile, that is a warning in the log: the dump goes on.',
  ),
  11: failure(
    'No hook undoes it: after a failure only `exit` is called, in every plugin that was told and in those that were not.',
  ),
});

export const checkpoint = section('CHECKPOINT_DEVICES', '`CHECKPOINT_DEVICES`', 'All processes stand still.', {
  1: order(
    'It is called once for each process that lives, parents before their children, once all of them stand still.',
  ),
  2: order('It comes after every `PAUSE_DEVICES` and before all hooks that save something.'),
  3: order('Each process that it is called for was told `PAUSE_DEVICES` before.'),
  4: order(
    'A process that ended after its `PAUSE_DEVICES` is not told: a plugin keeps a list of what it paused, and passes over those that are gone.',
  ),
  5: order('A zombie is not told.'),
  10: order('No process is told twice in a run, however often the engine has to look again until nobody new turns up.'),
  6: target(
    'Every thread of every process is stopped; the program runs no instruction from here on until the end of the dump.',
  ),
  7: images('No image of a process has been written yet; parts of plugins may have been.'),
  8: failure('When it throws, nothing is saved, no hook that saves is called, and the program runs on.'),
  9: failure('When a process is killed from here on, the dump fails, and the others run on.'),
});

export const dumpFile = section('DUMP_EXT_FILE', '`DUMP_EXT_FILE`', 'An open file that the engine cannot dump.', {
  1: order('It is called once for each open file, however many descriptors and processes share it.'),
  2: order('It comes after `CHECKPOINT_DEVICES` of all processes.'),
  3: order.embedded('All files and sockets of the program come before all maps of devices.'),
  4: order.criu(
    'CRIU saves process by process: the maps of one, then its files, then those of the next one. Sockets come last.',
  ),
  5: order('Files that the engine knows are not asked about.'),
  6: together.criu('CRIU goes on while the plugin works; it waits for all answers before the dump counts.'),
  7: target('The program stands still.'),
  8: target('`fd` leads to the file itself, opened with the same flags.'),
  9: target.embedded('`file.holders` has every process and descriptor that shares it.'),
  10: target.criu('`file.holders` is empty at a dump: CRIU does not tell. At the restore it is complete.'),
  11: images.embedded('No image of a process has been written yet.'),
  12: images.criu('Images of this process, and of those before it, may have been written.'),
  13: failure('When no plugin takes a file, the dump fails and the program runs on.'),
  14: failure(
    'A plugin may take what no loaded plugin could restore only if the program runs on or the dump is a `dumpOnly`: otherwise the dump fails.',
  ),
  15: failure('When it throws, the dump fails and the program runs on.'),
});

export const dumpSocket = section('DUMP_UNIX_SK', '`DUMP_UNIX_SK`', 'A unix socket whose peer is outside.', {
  1: order(
    'It is called once for each socket, however many descriptors and processes share it, after `CHECKPOINT_DEVICES`.',
  ),
  2: order.embedded('It is called among the files.'),
  3: order.criu('It is called after everything else of all processes.'),
  4: target('The program stands still.'),
  5: images.embedded('No image of a process has been written yet.'),
  6: images.criu('The images of all processes have been written.'),
  7: failure('When it throws, the dump fails and the program runs on.'),
});

export const dumpMap = section('HANDLE_DEVICE_VMA', '`HANDLE_DEVICE_VMA`', 'A device that is mapped into memory.', {
  1: order.embedded(
    'It is called once for each mapped device, however many maps and processes have it, after all files.',
  ),
  2: order.criu('It is called for each map of each process, before the files of that process.'),
  3: order('It comes after `CHECKPOINT_DEVICES` of all processes.'),
  4: target('The program stands still.'),
  5: target('`fd` leads to the device.'),
  9: target.embedded('`fd` was opened with `O_PATH`: nothing can be read from it.'),
  6: images.embedded('No image of a process has been written yet.'),
  7: images.criu('Images of processes that come before have been written.'),
  8: failure('When it throws, the dump fails and the program runs on.'),
});

export const dumpLate = section('DUMP_DEVICES_LATE', '`DUMP_DEVICES_LATE`', 'The dump is almost done.', {
  1: order.embedded('It is called once, with the root of the tree, after all other hooks of the dump.'),
  2: order.criu('CRIU up to 4.2 never calls it; a run warns of that.'),
  3: target.embedded('The program stands still.'),
  4: images.embedded(
    'The images of all processes have been written, except their memory and the inventory; a dump with `leaveRunning` writes them later.',
  ),
  5: images.embedded('The plugin can write its part still.'),
  6: failure.embedded('When it throws, the dump fails and the program runs on.'),
});

export const ofDumps: readonly Section[] = [pause, checkpoint, dumpFile, dumpSocket, dumpMap, dumpLate];
