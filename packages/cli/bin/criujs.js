#!/usr/bin/env node
'use strict';
const { writeSync } = require('node:fs');

/** What to do where not even our own modules can be read, by the code of Node's error. */
const remedies = {
  EMFILE: 'Raise the limit of open files: ulimit -n 1024, or more.',
  ENFILE: 'Close files of other programs, or raise fs.file-max.',
  EACCES: 'Let this user read the folder that criujs is installed in.',
  ENOENT: 'Install criujs again: a part of it is missing.',
  ERR_MODULE_NOT_FOUND: 'Install criujs again: a part of it is missing.',
  MODULE_NOT_FOUND: 'Install criujs again: a part of it is missing.',
};

async function run() {
  try {
    const { start } = require('../dist/command/start.cjs');
    await start(process.argv.slice(2));
  } catch (error) {
    complain(error);
  }
}

function complain(error) {
  const remedy = remedies[error.code] ?? 'This is a mistake in criujs: please report it.';
  const known = error.code in remedies;
  const [line] = String(error.message ?? error).split('\n');
  // As safeText does it, which may be what cannot be read.
  const message = line.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (it) => `\\u{${it.codePointAt(0).toString(16)}}`);
  if (process.argv.includes('--json')) {
    const report = { code: known ? 'KERNEL' : 'INTERNAL', message: `cannot start: ${message}`, remedy };
    writeSync(1, `${JSON.stringify({ ok: false, error: report })}\n`);
  } else writeSync(2, `criujs: cannot start: ${message}\n  → ${remedy}\n`);
  process.exit(known ? 1 : 70);
}

void run();
