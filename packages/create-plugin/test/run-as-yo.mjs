// What `yo` does with its command line: find the generators that are installed here, and run one with what it read.
import { createEnv } from 'yeoman-environment';

const [args, options] = JSON.parse(process.argv[2]);
const environment = createEnv();
await environment.lookup(false);
try {
  await environment.run(args, options);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(error.code || 1);
}
