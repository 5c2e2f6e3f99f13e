// A server at a unix socket, as Node has it: answers each line with a count of its own, and asks itself all the time through a
// connection that it keeps.
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

let count = 0;
let own = 0;

createServer((socket) => {
  createInterface({ input: socket }).on('line', (line) => {
    count += 1;
    socket.write(`${line} ${count} ${own}\n`);
  });
  socket.on('error', () => socket.destroy());
}).listen('hub', () => {
  const self = connect('hub');
  createInterface({ input: self }).on('line', () => {
    own += 1;
  });
  setInterval(() => void self.write('own\n'), 20);
});
