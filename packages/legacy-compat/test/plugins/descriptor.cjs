const { note } = require('./note.cjs');
const { cr_plugin_dump_file, cr_plugin_restore_file } = require('./old-device.cjs');

// The descriptor of C in JavaScript.

exports.CR_PLUGIN_DESC = {
  name: 'device_plugin',
  version: 0x200,
  max_hooks: 12,
  init: (...args) => note('init', ...args),
  exit: (...args) => note('exit', ...args),
  hooks: {
    CR_PLUGIN_HOOK__DUMP_EXT_FILE: cr_plugin_dump_file,
    CR_PLUGIN_HOOK__RESTORE_EXT_FILE: cr_plugin_restore_file,
  },
};
