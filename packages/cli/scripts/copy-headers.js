/**
 * Puts the headers for plugins in C where everybody finds them who has installed `criujs`, in a project or globally: packages that it
 * needs may be anywhere below it.
 */
import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const from = fileURLToPath(new URL('../native/include', import.meta.resolve('@criujs/legacy-compat')));
const to = fileURLToPath(new URL('../include', import.meta.url));
rmSync(to, { recursive: true, force: true });
cpSync(from, to, { recursive: true });
