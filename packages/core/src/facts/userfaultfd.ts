/** Numbers of userfaultfd(2) and ioctl_userfaultfd(2): linux/userfaultfd.h. */
export const userfault = {
  /** UFFD_USER_MODE_ONLY, which any user may ask for: Linux 5.11. */
  userModeOnly: 1,
  closeOnExec: 0x8_0000,
  /** UFFDIO_API: `struct uffdio_api`, which begins with the number of the interface. */
  api: { request: 0xc018_aa3f, size: 24, number: 0xaa },
  /** UFFDIO_REGISTER: start, length and mode (pages that are missing). */
  register: { request: 0xc020_aa00, size: 32, missing: 1 },
  /** UFFDIO_UNREGISTER: start and length. */
  unregister: { request: 0x8010_aa01, size: 16 },
  /** UFFDIO_COPY: where to, where from, length and mode (wake nobody), then how much was copied. */
  copy: { request: 0xc028_aa03, size: 40, dontWake: 1 },
} as const;
