import { failure, images, order, type Section, section, target, together } from '../sentence.ts';

export const restoreInit = section('RESTORE_INIT', '`RESTORE_INIT`', 'A restore begins.', {
  1: order.embedded('It is called once, after `init` and before all other hooks.'),
  2: order.criu('CRIU up to 4.2 never calls it; a run warns of that.'),
  3: target.embedded('No process of the program is there.'),
  4: images.embedded('The images have been read and checked: with damaged ones it is not called.'),
  5: failure.embedded('When it throws, nothing is made, and no other hook is called.'),
});

export const restoreFile = section('RESTORE_EXT_FILE', '`RESTORE_EXT_FILE`', 'An open file that a plugin dumped.', {
  1: order(
    'It is called once for each open file, however many descriptors and processes share it; again only after `retryLater`.',
  ),
  2: order.embedded('Files come in the order of the images, before maps of devices.'),
  3: order.embedded('After `retryLater`, it is called again once all other files have been asked about.'),
  4: order.criu(
    'A file may be opened before CRIU asks for it, as soon as `init` is through, unless a loaded plugin has `RESTORE_INIT`, `POST_FORKING` or `RESTORE_EXT_MOUNT`.',
  ),
  5: target.embedded('No process of the program is there.'),
  6: target('The program has not run.'),
  7: target('The host sets the flags, puts the descriptor in each place where the file was, and closes its own.'),
  8: images('The plugin can read its part, and `file` is what was recorded at the dump.'),
  9: failure('When it throws, no process is left.'),
});

export const restoreSocket = section('RESTORE_UNIX_SK', '`RESTORE_UNIX_SK`', 'A unix socket that a plugin dumped.', {
  1: order('It is called once for each socket.'),
  2: order.embedded('It is called among the files.'),
  3: target.embedded('No process of the program is there.'),
  4: target('The program has not run.'),
  5: images('`socket` is what was recorded at the dump, with its holders.'),
  6: failure('When it throws, no process is left.'),
});

export const updateMap = section('UPDATE_VMA_MAP', '`UPDATE_VMA_MAP`', 'A mapped device that a plugin took.', {
  1: order('It is called for each map of each process.'),
  2: order.embedded('It comes after all files, before any process is made; process by process, parents first.'),
  3: together.criu('It may be at work for several processes at the same time.'),
  4: target('The program has not run.'),
  5: images.embedded('All files and sockets that plugins bring back are open.'),
  6: failure('When it throws, no process is left.'),
});

export const postForking = section('POST_FORKING', '`POST_FORKING`', 'All processes have been made.', {
  1: order.embedded('It is called once, after all files and maps, and before `RESUME_DEVICES_LATE`.'),
  2: order.criu('CRIU before 4.2 never calls it; a run warns of that.'),
  3: target.embedded(
    'All processes are there, under the pids that they will have, and stopped; none of them has its own descriptors yet.',
  ),
  4: images.embedded('All files, sockets and maps that plugins bring back are open.'),
  5: failure.embedded('When it throws, no process is left.'),
});

export const resume = section('RESUME_DEVICES_LATE', '`RESUME_DEVICES_LATE`', 'A restored process is about to run.', {
  1: order('It is called once for each process, parents before their children, after all other hooks but `exit`.'),
  2: target('All processes are complete, with their threads and descriptors, and stopped.'),
  3: target('The program has not run a single instruction.'),
  4: target.embedded('With `newPids`, `pid` is the pid that the process has now.'),
  5: images('The plugin can read its part.'),
  6: failure('When it throws, no process is left, and none of them has run.'),
});

export const ofRestores: readonly Section[] = [restoreInit, restoreFile, restoreSocket, updateMap, postForking, resume];
