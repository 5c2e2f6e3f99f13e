import { chmodSync, lchownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder in which a package is installed and tried; nothing else is touched. */
export interface Scratch {
  /** Where it is installed. */
  readonly project: string;
  /** An empty home for the code of the package. */
  readonly home: string;
  /** Its folder for temporary files. */
  readonly temporary: string;
  /** Gives all of it to a user. */
  giveTo(user: number): void;
  remove(): void;
}

export function makeScratch(): Scratch {
  const folder = mkdtempSync(join(tmpdir(), 'criujs-check-'));
  const [project, home, temporary] = ['project', 'home', 'tmp'].map((it) => join(folder, it)) as [
    string,
    string,
    string,
  ];
  for (const it of [project, home, temporary]) mkdirSync(it);
  // npm takes the nearest folder with one for the project.
  writeFileSync(join(project, 'package.json'), '{ "private": true }');
  return {
    project,
    home,
    temporary,
    giveTo(user) {
      chmodSync(folder, 0o700);
      giveAll(folder, user);
    },
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** Links are not followed: a package must not make root give away what is elsewhere. */
function giveAll(folder: string, user: number): void {
  for (const it of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, it.name);
    if (it.isDirectory()) giveAll(path, user);
    else lchownSync(path, user, user);
  }
  lchownSync(folder, user, user);
}
