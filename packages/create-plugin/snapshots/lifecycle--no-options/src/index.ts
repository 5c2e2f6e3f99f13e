import { createRequire } from 'node:module';
import { definePlugin } from '@criujs/plugin-sdk';
import * as lifecycle from './lifecycle.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export default definePlugin({
  name: 'radio',
  version,
  init: lifecycle.init,
  exit: lifecycle.exit,
  hooks: [],
});
