import { irrelevant, moving, type Property, restored } from './property.ts';

/** Every line of an area in /proc/PID/smaps; VmFlags has a table of its own. proc_pid_smaps(5); fs/proc/task_mmu.c up to Linux 6.18 */
export const smapsLines: readonly Property[] = [
  ...restored('VmFlags', 'each flag by itself: see the table of flags'),
  ...restored('ProtectionKey', 'pkey_mprotect(2)'),
  ...moving('Size', 'its bounds'),
  ...moving('Locked', 'mlock(2): the flag is compared'),
  ...irrelevant('KernelPageSize MMUPageSize', 'follow from what is mapped'),
  ...irrelevant('Rss Pss Pss_Dirty Pss_Anon Pss_File Pss_Shmem', 'which pages are in memory right now'),
  ...irrelevant('Shared_Clean Shared_Dirty Private_Clean Private_Dirty Referenced', 'the state of pages in memory'),
  ...irrelevant('Anonymous AnonHugePages ShmemPmdMapped FilePmdMapped', 'how the kernel keeps pages right now'),
  ...irrelevant('KSM LazyFree Swap SwapPss THPeligible', 'how the kernel keeps pages right now'),
  ...irrelevant('Shared_Hugetlb Private_Hugetlb', 'which huge pages are in memory right now'),
];
