import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';

/** The machine in words: `2 cores of an AMD EPYC in a virtual machine, 23 GiB of memory, Linux 6.18`. */
export function machineInWords() {
  const cores = availableParallelism();
  const model = (cpus()[0]?.model ?? 'processor').replaceAll(/\((?:R|TM)\)| CPU| Processor| @.*/g, '').trim();
  const article = /^[aeiou]/i.test(model) ? 'an' : 'a';
  const isVirtual = /^flags\s*:.*\bhypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'latin1'));
  const memory = Math.round(totalmem() / 2 ** 30);
  // What follows the second number is of whoever built it.
  const kernel = release().split('.').slice(0, 2).join('.');
  const place = isVirtual ? ' in a virtual machine' : '';
  return `${cores} ${cores === 1 ? 'core' : 'cores'} of ${article} ${model}${place}, ${memory} GiB of memory, Linux ${kernel}`;
}
