#!/usr/bin/env node
import { main } from '../dist/index.js';

const code = await main(process.argv.slice(2));
// A plugin may have left a timer or a socket behind; what was printed is out before the end all the same.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
