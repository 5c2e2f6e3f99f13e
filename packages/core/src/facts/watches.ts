/** INOTIFY_IOC_SETNEXTWD: the number of the next watch, since Linux 4.18. linux/inotify.h */
export const setNextWatch = 0x4004_4900;

/** What inotify_add_watch(2) takes of what fdinfo shows: IN_ALL_EVENTS, IN_EXCL_UNLINK and IN_ONESHOT. inotify(7) */
export const watchBits = { all: 0xfff, exclUnlink: 0x0400_0000, oneShot: 0x8000_0000 } as const;

/** Flags of fanotify_mark(2). linux/fanotify.h */
export const markFlag = { add: 0x1, mount: 0x10, ignoredMask: 0x20, ignore: 0x400 } as const;

/** Flags of a mark that fdinfo shows: FAN_MARK_IGNORED_SURV_MODIFY, FAN_MARK_EVICTABLE, FAN_MARK_IGNORE. linux/fanotify.h */
export const shownMarkFlags: number = 0x40 | 0x200 | markFlag.ignore;

/** Events that wait for an answer: FAN_OPEN_PERM, FAN_ACCESS_PERM, FAN_OPEN_EXEC_PERM, FAN_PRE_ACCESS. linux/fanotify.h */
export const permissionEvents: number = 0x1_0000 | 0x2_0000 | 0x4_0000 | 0x10_0000;

/** FAN_EVENT_ON_CHILD and FAN_ONDIR: of what events are told, and no events themselves. linux/fanotify.h */
export const eventFlags: number = 0x0800_0000 | 0x4000_0000;
