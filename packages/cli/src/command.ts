// What `start.ts` loads, as one script or as modules (`scripts/bundle-command.js`).
export { leave } from './leave.ts';
export { main } from './main.ts';
