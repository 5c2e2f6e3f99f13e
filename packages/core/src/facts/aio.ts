/** What a map of a ring is called: proc_pid_maps(5) shows the name that fs/aio.c of the kernel gives its file. */
export const aioRingName = '/[aio]';

/** The memory of a ring, `struct aio_ring` in fs/aio.c of the kernel: where the words of its head are, and its magic number. */
export const aioRing = {
  id: 0,
  places: 4,
  head: 8,
  tail: 12,
  magic: 16,
  compatible: 20,
  incompatible: 24,
  headLength: 28,
  /** Where the events begin: the length of the head. */
  events: 32,
  magicNumber: 0xa10a_10a1,
} as const;

/** Bytes of an event, `struct io_event`. linux/aio_abi.h */
export const aioEventSize = 32;

/** `struct iocb`: its size, and where in it what is asked, of which descriptor and for which events is. linux/aio_abi.h */
export const aioRequest = { size: 64, operation: 16, descriptor: 20, events: 24 } as const;

/** IOCB_CMD_POLL: ends when a descriptor is ready. Since Linux 4.19. linux/aio_abi.h */
export const aioPoll = 5;

/** POLLIN. poll(2) */
export const readable = 1;

/** The most bytes that a ring may have: the kernel refuses more. `ioctx_alloc` in fs/aio.c */
export const mostRingBytes = 0x1000_0000;
