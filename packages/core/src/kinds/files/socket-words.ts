import { EngineError } from '@criujs/engine-kit';
import { netlinkFamily } from '../../facts/netlink.ts';
import { packetFamily } from '../../facts/packet.ts';
import type { SeenFile, Tree } from './held.ts';
import { inetNamed } from './inet/seen.ts';
import { inetWords } from './inet/words.ts';
import { readOption, socketFamily, socketOption } from './sockets.ts';

/** Families whose sockets people ask about. address_families(7). */
const familyWords: Readonly<Record<number, string>> = {
  [socketFamily.unix]: 'unix socket',
  [netlinkFamily]: 'netlink socket',
  [packetFamily]: 'packet socket',
  38: 'kernel crypto socket',
  40: 'virtual machine socket (vsock)',
  44: 'XDP socket',
};

/** What was said of sockets: a plan says it again when it can no longer look. */
const known = new WeakMap<SeenFile, string>();

/** A socket in words, with its addresses where that is cheap: `TCP socket 127.0.0.1:80 → 127.0.0.1:5000`. */
export function describeSocket(file: SeenFile, tree: Tree): string {
  const words = known.get(file) ?? wordsOf(file, tree);
  known.set(file, words);
  return words;
}

function wordsOf(file: SeenFile, tree: Tree): string {
  try {
    return tree.borrow(file, socketWords);
  } catch (error) {
    if (error instanceof EngineError) return file.link;
    throw error;
  }
}

function socketWords(fd: number): string {
  const named = inetNamed(fd);
  if (named !== null) return inetWords(named);
  const domain = readOption(fd, socketOption.SO_DOMAIN) ?? 0;
  return familyWords[domain] ?? `socket of family ${domain}`;
}
