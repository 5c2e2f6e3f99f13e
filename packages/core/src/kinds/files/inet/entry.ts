import type { InetRecord } from '@criujs/engine-kit';
import type { InetFamily } from '@criujs/linux';
import { inetFamilies, inetType, tcpState } from '../../../facts/inet.ts';
import { type InetOptionName, inetOptionNames, inetOptions } from '../../../facts/inet-options.ts';
import { among, between, hold, invalid, type Rule } from '../../rules.ts';
import type { FileEntry } from '../opening.ts';
import { ownPart } from '../own-part.ts';
import { longestFilter } from '../socket-filter.ts';
import { addressOfWords, type InetAddress, isAny } from './address.ts';
import type { InetEntry } from './entry-options.ts';
import type { InetOptions } from './options.ts';
import { type InetNamed, inetWords } from './words.ts';

const recordFile = 'criujs.json';
const highestPort = 0xffff;
/** What a name of a device has at most: IFNAMSIZ, with its zero byte. */
const longestDevice = 15;
const mostConnections = 2 ** 31 - 1;

const port = (what: string, value: (own: InetEntry) => number): Rule<InetEntry> => between(what, value, 0, highestPort);

const rules: readonly Rule<InetEntry>[] = [
  among('the family of an internet socket', ({ family }) => family, Object.keys(inetFamilies).map(Number)),
  among('the type of an internet socket', ({ type }) => type, Object.values(inetType)),
  between('the state of an internet socket', ({ state }) => state, 1, 13),
  between('the protocol of an internet socket', ({ proto }) => proto, 0, highestPort),
  port('the port of an internet socket', ({ srcPort }) => srcPort),
  port('the port that an internet socket leads to', ({ dstPort }) => dstPort),
  among('the shut halves of an internet socket', ({ shutdown }) => shutdown ?? 0, [0, 1, 2, 3]),
  between('how many may wait at an internet socket', ({ backlog }) => backlog, 0, mostConnections),
  between('the filter of an internet socket', ({ opts }) => opts?.soFilter.length, 0, longestFilter),
  between('the device of an internet socket', ({ opts }) => opts?.soBoundDev.length, 0, longestDevice),
  between('the device of an address', ({ ifname }) => ifname.length, 0, longestDevice),
  between('the ICMP filter of a raw socket', ({ ipOpts }) => ipOpts?.raw?.icmpvFilter.length, 0, 8),
];

/** What an entry says of its socket. @throws EngineError IMAGE_INVALID */
export function inetEntry(entry: FileEntry): InetEntry {
  return ownPart(entry, 'isk', 'internet socket');
}

/** Holds an entry to what an internet socket can be. @throws EngineError IMAGE_INVALID */
export function checkInet(entry: FileEntry): void {
  const own = inetEntry(entry);
  hold(own, 'files.img', rules);
  const { words } = inetFamilies[familyOf(own)];
  if (own.srcAddr.length < words || own.dstAddr.length < words)
    throw invalid('files.img', `internet socket ${own.ino} has an address of ${own.srcAddr.length} numbers`);
}

function familyOf({ family }: InetEntry): InetFamily {
  return family === 10 ? 10 : 2;
}

/** Its addresses, and what it is. */
export function namedOf(own: InetEntry, record?: InetRecord): InetNamed {
  const family = familyOf(own);
  const { type, proto: protocol, state, srcAddr, srcPort, dstAddr, dstPort } = own;
  const there: InetAddress = { ...addressOfWords(family, dstAddr, dstPort), flow: record?.flow ?? 0 };
  return {
    ...{ family, type, protocol, state },
    here: addressOfWords(family, srcAddr, srcPort),
    there: state === tcpState.listening || (dstPort === 0 && isAny(there)) ? null : there,
  };
}

/** A socket of the images in words. */
export function entryWords(own: InetEntry): string {
  return inetWords(namedOf(own));
}

/** What criujs.json says of options. @throws EngineError IMAGE_INVALID */
export function optionsOfRecord({ options = [] }: Partial<InetRecord>): InetOptions {
  return new Map(
    options.map(({ name, value }) => {
      if (!isOption(name)) throw invalid(recordFile, `an internet socket has no option ${name}`);
      const bytes = Buffer.from(value, 'hex');
      if (bytes.length > inetOptions[name].length) throw invalid(recordFile, `${name} has ${bytes.length} bytes`);
      return [name, bytes];
    }),
  );
}

function isOption(name: string): name is InetOptionName {
  return (inetOptionNames as readonly string[]).includes(name);
}
