import type { InetRecord } from '@criujs/engine-kit';
import { type InetOption, type InetOptionName, inetOptions } from '../../../facts/inet-options.ts';
import { optionsOfRecord } from './entry.ts';
import { type InetEntry, optionsOfEntry } from './entry-options.ts';
import { deviceIndex } from './network-device.ts';
import type { InetOptions } from './options.ts';

/** What its options are to be: CRIU's places first, then ours. */
export function wantedOptions(
  fd: number,
  own: InetEntry,
  record: InetRecord | undefined,
  warn: (why: string) => void,
): InetOptions {
  const wanted = new Map([...optionsOfEntry(own), ...optionsOfRecord(record ?? {})]);
  for (const { name, device } of record?.devices ?? []) {
    const option: InetOption | undefined = inetOptions[name as InetOptionName];
    const index = deviceIndex(fd, device);
    if (option?.device === undefined || index === null) {
      warn(`${name} cannot be set again: there is no device ${device}`);
      continue;
    }
    const bytes = Buffer.alloc(4);
    if (option.device === 'network') bytes.writeUInt32BE(index, 0);
    else bytes.writeUInt32LE(index, 0);
    wanted.set(name as InetOptionName, bytes);
  }
  return wanted;
}
