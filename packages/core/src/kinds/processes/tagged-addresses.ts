import type { ProcessKind } from './kind.ts';

/** Addresses of which the processor ignores some bits (linear address masking): ARCH_ENABLE_TAGGED_ADDR, arch_prctl(2). */
export const taggedAddresses: ProcessKind = {
  name: 'tagged addresses',
  describe: [{ subject: 'processor', refused: ['tagged addresses (linear address masking)'] }],
  recognise: ({ status: { tagsAddresses } }) =>
    tagsAddresses
      ? [
          {
            resource: 'tagged addresses',
            why: 'it has told the processor to ignore bits of its addresses, which is not supported yet',
            remedy: 'Run it without linear address masking.',
          },
        ]
      : [],
};
