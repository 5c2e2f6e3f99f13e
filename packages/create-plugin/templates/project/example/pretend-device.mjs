// A pretend accelerator: a program of its own that works for others. Each has a session, a file that they open, in which
// the device counts what it has done. A real one would be driven by ioctl(2); this one listens on a unix socket:
//
//   open NAME          a new session, which works at once; answers the path of its file
//   pause NAME         it stands still
//   save NAME          answers its state, in one word
//   load NAME STATE    makes a session that stands still in this state
//   resume NAME        it works on
//
//   node pretend-device.mjs FOLDER
//
// It ends with whoever holds the other end of its standard input.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const [folder = '.'] = process.argv.slice(2);
const control = join(folder, 'control');
const fileOf = (name) => join(folder, 'sessions', name);

/** What each session has done, and whether it works. */
const sessions = new Map();

function put(name, done, works) {
  sessions.set(name, { done, works });
  // Always of the same length, as the memory of a device is.
  writeFileSync(fileOf(name), `${String(done).padStart(12, '0')}\n`, { flag: 'r+' });
}

const commands = {
  open(name) {
    writeFileSync(fileOf(name), '', { flag: 'a' });
    put(name, 0, true);
    return fileOf(name);
  },
  pause: (name) => put(name, sessions.get(name).done, false),
  save: (name) => sessions.get(name).done,
  load(name, state) {
    writeFileSync(fileOf(name), '', { flag: 'a' });
    put(name, Number(state), false);
  },
  resume: (name) => put(name, sessions.get(name).done, true),
};

function answer(line) {
  const [command, name = '', ...rest] = line.trim().split(' ');
  if (!Object.hasOwn(commands, command)) return 'error no such command';
  if (!/^[a-z0-9-]+$/.test(name)) return 'error no such name';
  if (!['open', 'load'].includes(command) && !sessions.has(name)) return 'error no such session';
  return `ok ${commands[command](name, ...rest) ?? ''}`;
}

mkdirSync(join(folder, 'sessions'), { recursive: true });
rmSync(control, { force: true });
createServer({ allowHalfOpen: true }, (connection) => {
  let said = '';
  connection.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  connection.on('end', () => connection.end(`${answer(said)}\n`));
  connection.on('error', () => connection.destroy());
}).listen(control, () => console.log('ready'));

process.stdin.resume().on('end', () => process.exit());
setInterval(() => {
  for (const [name, { done, works }] of sessions) if (works) put(name, done + 1, true);
}, 5);
