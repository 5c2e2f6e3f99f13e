import type { Kind } from './kind.ts';

export const lifecycle: Kind = {
  id: 'lifecycle',
  title: 'begin and end of a run',
  what: 'leaves a note as long as a run lasts, and tells when it is restored elsewhere',
  module: 'lifecycle',
  hooks: [],
  resources: {},
  init: true,
  exit: true,
  embedded: true,
  files: [],
  option: {
    name: 'notes',
    meaning: 'the folder of the note',
    byDefault: 'the folder for temporary files',
    example: "'/run/radio'",
    argument: '=/run/radio',
  },
};
