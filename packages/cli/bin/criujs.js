#!/usr/bin/env node
import { writeSync } from 'node:fs';

/** What to do where not even our own modules can be read, by the code of Node's error. */
const remedies = {
  EMFILE: 'Raise the limit of open files: ulimit -n 1024, or more.',
  ENFILE: 'Close files of other programs, or raise fs.file-max.',
  EACCES: 'Let this user read the folder that criujs is installed in.',
  ERR_MODULE_NOT_FOUND: 'Install criujs again: a part of it is missing.',
};

try {
  const { main } = await import('../dist/command/index.js');
  const code = await main(process.argv.slice(2));
  // A plugin may have left a timer or a socket behind; what was printed is out before the end all the same.
  // What a plugin did after a run that went well is in process.exitCode.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code || process.exitCode)));
} catch (error) {
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
