import type { Kind } from './kind.ts';

export const networkLink: Kind = {
  id: 'network-link',
  title: 'network links',
  what: 'leaves links of some kinds out of the images, and records what they were',
  module: 'networkLink',
  hooks: [{ hook: 'DUMP_EXT_LINK', handler: 'save', claim: 'claim' }],
  resources: { links: ['dummy', 'ifb'] },
  init: false,
  exit: false,
  embedded: false,
  files: ['test/namespace.ts'],
  option: {
    name: 'linkKinds',
    meaning: 'kinds of links, as `ip -details link` shows them',
    byDefault: '`dummy` and `ifb`',
    example: "['ifb']",
    argument: null,
  },
};
