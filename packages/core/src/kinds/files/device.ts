import { deviceOf, fileType, typeOf } from '@criujs/engine-kit/externals';
import { fileTypes } from './file-type.ts';
import type { FileKind } from './kind.ts';
import { lookAt } from './reachable.ts';
import { commonOfReg, inheritablePath, openedType, openRegular, regularEntry } from './reg-entry.ts';
import { isStateless } from './stateless.ts';

/** /dev/null and its kin: opened again by name, as CRIU does. */
export const statelessDevice: FileKind = {
  name: 'device without state',
  describe: [{ subject: 'files', taken: ['`/dev/null`, `zero`, `full`, `random` and `urandom`'] }],
  type: fileTypes.REG,
  recognise: (file) => {
    if (typeOf(file.stat.mode) !== fileType.character || !isStateless(deviceOf(file.stat))) return null;
    if (lookAt(file.link)?.rdev === file.stat.rdev) return 'mine';
    return {
      file: file.link,
      why: 'this device is not to be found under that path any more',
      remedy: `Put the device back: mknod ${file.link} c 1 ${deviceOf(file.stat)?.minor}`,
    };
  },
  dump: ({ id, seen, owner }) => ({ reg: regularEntry(id, seen, owner) }),
  matches: (entry) => openedType(entry) === fileType.character,
  common: commonOfReg,
  inheritable: inheritablePath,
  load: () => ({ open: openRegular }),
};
