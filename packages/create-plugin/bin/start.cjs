'use strict';

import('../dist/main.js')
  .then(({ main }) => main(process.argv.slice(2)))
  // What was printed is out before the end; a prompt may still hold the terminal.
  .then((code) => process.stdout.write('', () => process.stderr.write('', () => process.exit(code))));
