import type { HookName } from '@criujs/plugin-sdk';

/**
 * What CRIU looks up in a plugin of the old structure, that is one without `CR_PLUGIN_DESC`, and what each function is now.
 * The list is closed: another name is nothing to CRIU.
 */
export const oldSymbols = {
  cr_plugin_init: 'init',
  cr_plugin_fini: 'exit',
  cr_plugin_dump_unix_sk: 'DUMP_UNIX_SK',
  cr_plugin_restore_unix_sk: 'RESTORE_UNIX_SK',
  cr_plugin_dump_file: 'DUMP_EXT_FILE',
  cr_plugin_restore_file: 'RESTORE_EXT_FILE',
  cr_plugin_dump_ext_mount: 'DUMP_EXT_MOUNT',
  cr_plugin_restore_ext_mount: 'RESTORE_EXT_MOUNT',
  cr_plugin_dump_ext_link: 'DUMP_EXT_LINK',
  cr_plugin_handle_device_vma: 'HANDLE_DEVICE_VMA',
  cr_plugin_update_vma_map: 'UPDATE_VMA_MAP',
  cr_plugin_resume_devices_late: 'RESUME_DEVICES_LATE',
  cr_plugin_pause_devices: 'PAUSE_DEVICES',
  cr_plugin_checkpoint_devices: 'CHECKPOINT_DEVICES',
  cr_plugin_post_forking: 'POST_FORKING',
  cr_plugin_restore_init: 'RESTORE_INIT',
  cr_plugin_dump_devices_late: 'DUMP_DEVICES_LATE',
} as const;

/** A name of the old structure, as CRIU writes it. */
export type OldSymbol = keyof typeof oldSymbols;

/** All of them. */
export const symbolNames: readonly OldSymbol[] = Object.keys(oldSymbols) as OldSymbol[];

/** The same name as JavaScript would spell it: `crPluginDumpFile`. */
export function camelCase(symbol: OldSymbol): string {
  return symbol.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The function that serves a hook. */
export function symbolOf(hook: HookName): OldSymbol {
  return symbolNames.find((symbol) => oldSymbols[symbol] === hook) as OldSymbol;
}
