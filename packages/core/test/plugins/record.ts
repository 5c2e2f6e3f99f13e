import { appendFileSync } from 'node:fs';

/** Notes a call in the file that CRIUJS_TEST_CALLS names, so that a test sees from outside what a plugin was asked. */
export function record(call: Readonly<Record<string, unknown>>): void {
  const file = process.env['CRIUJS_TEST_CALLS'];
  const plain = (_key: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value);
  if (file) appendFileSync(file, `${JSON.stringify(call, plain)}\n`);
}
