const { appendFileSync } = require('node:fs');

/** Notes a call in the file that CRIUJS_TEST_CALLS names. */
exports.note = (...call) => {
  appendFileSync(process.env.CRIUJS_TEST_CALLS, `${JSON.stringify(call)}\n`);
  return 0;
};
