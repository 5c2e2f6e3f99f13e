import type { OpenedFiles } from '../../files/opened.ts';
import { isFileMap } from '../../kinds/maps/of-file.ts';
import { createInheritance, type Inheritance } from '../../machinery/make/descriptors.ts';
import type { PageSource } from '../../pages/source.ts';
import type { Planned } from './layout.ts';
import type { ObjectPlan } from './objects.ts';
import { sourceOf } from './sources.ts';

/** Gives every descriptor that a task needs a number at which it finds it while it is built. */
export function inherit(
  planned: readonly Planned[],
  files: OpenedFiles,
  objects: ObjectPlan,
  pages: readonly PageSource[],
): Inheritance {
  const inheritance = createInheritance(planned.flatMap(({ image }) => files.placements(image.ids.filesId)));
  for (const { image, memory } of planned) {
    for (const { source } of files.placements(image.ids.filesId)) inheritance.at(source);
    for (const map of memory.maps) if (isFileMap(map.entry)) inheritance.at(sourceOf(map, files));
    for (const id of [image.fs.rootId, image.fs.cwdId]) inheritance.at(files.directory(id));
    inheritance.at(files.mapping(image.mm.exeFileId, 'read'));
  }
  for (const fd of files.allLate()) inheritance.at(fd);
  for (const { object } of objects.list)
    if (object.file !== undefined) inheritance.at(files.mapping(object.file, 'write'));
  for (const { file } of pages) if (file !== null) inheritance.at(file);
  return inheritance;
}
