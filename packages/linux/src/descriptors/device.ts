/** A device number in its two halves. */
export interface DeviceNumber {
  /** Of the driver. */
  readonly major: number;
  /** Of one of its devices. */
  readonly minor: number;
}

/** Joins the halves of a device number as makedev(3) does. */
export function joinDevice(major: number, minor: number): bigint {
  const [driver, device] = [BigInt(major), BigInt(minor)];
  return (
    ((driver & 0xfffn) << 8n) | ((driver & 0xffff_f000n) << 32n) | (device & 0xffn) | ((device & 0xffff_ff00n) << 12n)
  );
}

/** Splits a device number, as stat(2) gives it, the way makedev(3) joins it. */
export function deviceNumber(device: bigint): DeviceNumber {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xffff_f000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffff_ff00n);
  return { major: Number(major), minor: Number(minor) };
}
