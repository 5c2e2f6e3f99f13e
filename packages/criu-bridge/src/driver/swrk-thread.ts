import { parentPort, workerData } from 'node:worker_threads';
import { readable, receivePacket } from '@criujs/linux';

// Waits for packets of CRIU: Node's event loop cannot wait for such a socket, and its few threads for files are the plugins'.

/** More than any answer of CRIU. */
const longestPacket = 256 * 1024;
/** Microseconds of one wait: the thread is ended by a shutdown of the socket, never in the middle of a call. */
const waitUs = 900_000;

const fd = workerData as number;
for (let open = true; open; ) {
  if (readable([fd], waitUs).length === 0) continue;
  const packet = receivePacket(fd, longestPacket);
  if (packet.kind === 'packet') parentPort?.postMessage(packet);
  if (packet.kind === 'end') open = false;
}
parentPort?.postMessage({ kind: 'end' });
