import type { App } from './app.ts';
import { browsers } from './browser.ts';
import { databases } from './databases.ts';
import { local } from './local.ts';
import { runtimes } from './runtimes.ts';
import { stores } from './stores.ts';
import { web } from './web.ts';

/** Applications that people run, as the README lists them. */
export const apps: readonly App[] = [...stores, ...databases, ...web, ...runtimes, ...local, ...browsers];
