import { ofWorkAtOnce } from './sections/at-once.ts';
import { ofDumps } from './sections/dump.ts';
import { ofNamespaces } from './sections/namespaces.ts';
import { ofRestores } from './sections/restore.ts';
import { ofRuns } from './sections/run.ts';
import type { Section } from './sentence.ts';

/** All guarantees, in the order of the page. */
export const chapters: readonly { readonly title: string; readonly sections: readonly Section[] }[] = [
  { title: 'Every run', sections: ofRuns },
  { title: 'A dump', sections: ofDumps },
  { title: 'A restore', sections: ofRestores },
  { title: 'Several at once', sections: ofWorkAtOnce },
  { title: 'Mounts and network links', sections: ofNamespaces },
];

export const sections: readonly Section[] = chapters.flatMap((chapter) => chapter.sections);
