import { type HookClaim, type HookHandler, notSupported } from '@criujs/plugin-sdk';
import type { Options } from './options.ts';

/** Would `accept` take it? Asked by `criujs plan`, before anything is frozen: it only looks. */
export const claim: HookClaim<'HANDLE_DEVICE_VMA', Options> = () => false;

/**
 * Was radio_handle_device_vma(int fd, const struct stat *stat).
 * `fd` was opened with O_PATH. `stat->st_rdev` is `stat.rdev`, with major and minor.
 * Answering nothing accepts it.
 */
export const accept: HookHandler<'HANDLE_DEVICE_VMA', Options> = ({ stat }, { log }) => {
  log.debug(`a map of device ${stat.rdev.major}:${stat.rdev.minor} is not accepted yet`);
  return notSupported;
};

/**
 * Was radio_update_vma_map(const char *where, uint64_t addr, uint64_t new).
 * `where` is `path` now, `addr` is `address`, `new` is `oldOffset`.
 * `address` and `oldOffset` are in bytes, as bigint.
 * Where C set `*new_pgoff` and `*plugin_fd` and returned 1, answer `{ offset, fd }`; nothing for 0.
 */
export const mapAgain: HookHandler<'UPDATE_VMA_MAP', Options> = ({ path: where, address: addr }, { log }) => {
  log.debug(`the map of ${where} at ${addr} is not changed yet`);
  return notSupported;
};
