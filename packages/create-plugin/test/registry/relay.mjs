// Runs in a network of its own, where nothing but loopback exists, and gives it one thing to reach: a port that is
// passed on to a unix socket. node relay.mjs PORT SOCKET
import { execFileSync } from 'node:child_process';
import { connect, createServer } from 'node:net';

const [port, socket] = process.argv.slice(2);
execFileSync('ip', ['link', 'set', 'lo', 'up']);
createServer((client) => {
  const registry = connect(socket);
  client.pipe(registry).pipe(client);
  client.on('error', () => registry.destroy());
  registry.on('error', () => client.destroy());
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
