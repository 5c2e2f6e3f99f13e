const { openSync, readFileSync, readlinkSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { note } = require('./note.cjs');

// A plugin as it was written before there were descriptors: it opens devices again by the path that they had.

const ENOTSUP = 95;
const stateOf = (id) => join(process.env.CRIUJS_TEST_STATE, `device-${id}`);

exports.cr_plugin_init = (...args) => note('init', ...args);
exports.cr_plugin_fini = (...args) => note('fini', ...args);

exports.cr_plugin_dump_file = (fd, id) => {
  const path = readlinkSync(`/proc/self/fd/${fd}`);
  note('dump_file', id, path);
  if (!path.startsWith('/dev/')) return -ENOTSUP;
  const answer = Number(process.env.CRIUJS_TEST_ANSWER ?? 0);
  // CRIU keeps no flags of an external file: that is the plugin's job.
  const [, flags] = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
  if (answer === 0) writeFileSync(stateOf(id), JSON.stringify({ path, mode: Number.parseInt(flags, 8) & 3 }));
  return answer;
};

exports.cr_plugin_restore_file = (id) => {
  note('restore_file', id);
  const { path, mode } = JSON.parse(readFileSync(stateOf(id), 'utf8'));
  return openSync(path, mode);
};

exports.cr_plugin_pause_devices = (...args) => note('pause_devices', ...args);
exports.cr_plugin_checkpoint_devices = async (...args) => note('checkpoint_devices', ...args);
exports.cr_plugin_dump_devices_late = (...args) => note('dump_devices_late', ...args);
exports.cr_plugin_restore_init = (...args) => note('restore_init', ...args);
exports.cr_plugin_post_forking = (...args) => note('post_forking', ...args);
exports.cr_plugin_resume_devices_late = (...args) => note('resume_devices_late', ...args);
