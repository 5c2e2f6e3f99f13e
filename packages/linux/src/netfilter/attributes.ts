/** NLA_F_NESTED of linux/netlink.h: the content is attributes again. */
const nestedFlag = 0x8000;
const headLength = 4;

/** An attribute of a netlink message, padded as the next one needs it. netlink(7), struct nlattr */
export function attribute(type: number, content: Uint8Array): Buffer {
  const bytes = Buffer.alloc(align(headLength + content.length));
  bytes.writeUInt16LE(headLength + content.length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.set(content, headLength);
  return bytes;
}

/** An attribute that holds others. */
export function nest(type: number, ...inner: readonly Uint8Array[]): Buffer {
  return attribute(type | nestedFlag, Buffer.concat(inner));
}

/** A number of 4 bytes in the order of the network, as nf_tables wants all of its numbers. */
export function number(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return attribute(type, bytes);
}

/** Text with a closing zero byte. */
export function text(type: number, value: string): Buffer {
  return attribute(type, Buffer.from(`${value}\0`));
}

/** NLMSG_ALIGN and NLA_ALIGN of linux/netlink.h. */
export function align(length: number): number {
  return (length + 3) & ~3;
}
