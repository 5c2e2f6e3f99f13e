import type { KindId } from '../answers.ts';

/** What people read when they are asked what a plugin handles. */
export const kindLabels: Readonly<Record<KindId, string>> = {
  'external-file': 'an external file or device',
  'unix-socket': 'a unix socket to the outside',
  'external-mount': 'an external mount',
  'network-link': 'a network link',
  'mapped-device': 'a mapped device',
  accelerator: 'an accelerator that must be paused',
  lifecycle: 'lifecycle only: told of start and end, no hooks',
};
