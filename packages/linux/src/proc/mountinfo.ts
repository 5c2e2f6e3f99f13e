import { unescapeOctal } from './text.ts';

/** A line of /proc/PID/mountinfo, proc_pid_mountinfo(5). */
export interface Mount {
  readonly id: number;
  readonly parent: number;
  readonly major: number;
  readonly minor: number;
  /** What of the file system is mounted here. */
  readonly root: string;
  readonly mountPoint: string;
  readonly options: readonly string[];
  /** Propagation, such as `shared:1` or `master:2`. */
  readonly propagation: readonly string[];
  readonly type: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

/** Parses /proc/PID/mountinfo. Blanks and newlines in paths come escaped and are given back. */
export function parseMountinfo(text: string): Mount[] {
  return text.split('\n').filter(Boolean).map(parseLine);
}

function parseLine(row: string): Mount {
  const [own = '', superBlock] = row.split(' - ', 2);
  if (superBlock === undefined) throw new RangeError(`not a line of /proc/PID/mountinfo: ${JSON.stringify(row)}`);
  const [id, parent, device = '', root = '', mountPoint = '', options = '', ...propagation] = own.split(' ');
  const [type = '', source = '', superOptions = ''] = superBlock.split(' ');
  const [major, minor] = device.split(':');
  return {
    id: Number(id),
    parent: Number(parent),
    major: Number(major),
    minor: Number(minor),
    root: unescapeOctal(root),
    mountPoint: unescapeOctal(mountPoint),
    options: options.split(','),
    propagation: propagation.filter(Boolean),
    type: unescapeOctal(type),
    source: unescapeOctal(source),
    superOptions: superOptions.split(','),
  };
}
