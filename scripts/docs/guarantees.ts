import { chapters } from '../../tests/system/guarantees/sections.ts';
import { type Aspect, aspects, type Section, type Sentence } from '../../tests/system/guarantees/sentence.ts';
import { type Moment, timelines } from '../../tests/system/guarantees/timeline.ts';

/** The page `docs/guarantees.md`. */
export function guaranteesPage(): string {
  return [
    '# What plugins can rely on',
    '<!-- made from tests/system/guarantees by `npm run docs` -->',
    'When each part of a plugin is called, for whom, what the program does meanwhile, what has been saved or opened by then, and what follows a failure. Every sentence with a number is a test (`tests/system/guarantees`): it dumps and restores real programs, under the embedded engine and under an installed CRIU. A sentence holds for both unless it says **embedded** or **CRIU**. Its number stays, so that you can refer to it.',
    [
      '- **the program**: the process that is dumped or restored, with all of its descendants;',
      '- **handler**: the first plugin that does not answer `notSupported` wins; **observer**: every plugin is told;',
      '- **to stand still**: the program runs none of its own instructions.',
    ].join('\n'),
    contents(),
    '## Timelines',
    'What is in one line comes in any order; a line begins when the one above is over. Which engine calls what is said below.',
    timeline('dump'),
    timeline('restore'),
    '## Locks and pauses',
    lockAdvice,
    ...chapters.flatMap(({ title, sections }) => [`## ${title}`, ...sections.flatMap(ofSection)]),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

/** What follows for a plugin from the sentences that it names. */
const lockAdvice = [
  'A plugin that locks or pauses something of a process in `PAUSE_DEVICES` needs no more than this:',
  '1. Note each process that you have paused ([PAUSE_DEVICES-1](#pause_devices-1), [PAUSE_DEVICES-4](#pause_devices-4)).\n2. Undo it in `exit`, for each noted process that still lives, whatever the outcome ([EXIT-3](#exit-3), [EXIT-4](#exit-4), [EXIT-7](#exit-7)). No hook is called to undo it ([PAUSE_DEVICES-11](#pause_devices-11)).\n3. Pass over those that are gone ([PAUSE_DEVICES-6](#pause_devices-6), [CHECKPOINT_DEVICES-4](#checkpoint_devices-4)).\n4. Bind a lock that must not outlive the dump to a descriptor of your own: whoever kills the command ends that, and calls nothing ([RUN-20](#run-20)).\n5. Wait for no other process of the program in `PAUSE_DEVICES`: it may stand still already ([PAUSE_DEVICES-3](#pause_devices-3), [PAUSE_DEVICES-4](#pause_devices-4)).',
].join('\n\n');

function contents(): string {
  return chapters
    .map(({ title, sections }) => {
      const links = sections.map((it) => `[${it.title}](#${anchorOf(it.title)})`).join(' · ');
      return `- [${title}](#${anchorOf(title)}): ${links}`;
    })
    .join('\n');
}

/** As GitHub makes it of a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}

function timeline(stage: keyof typeof timelines): string {
  const moments = timelines[stage];
  const head: Moment = { calls: [], how: '', program: 'the program', images: 'images' };
  const rows = [head, ...moments].flatMap((moment) => {
    const [first = stage, ...others] = moment.calls as readonly string[];
    return [[moment.program, moment.images, first, moment.how], ...others.map((call) => ['', '', call, ''])];
  });
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('   ')
      .trimEnd(),
  );
  return ['```text', ...lines, '```'].join('\n');
}

function ofSection({ id, title, about, sentences }: Section): string[] {
  const all = Object.entries(sentences);
  const groups = (Object.keys(aspects) as Aspect[]).flatMap((aspect) => {
    const own = all.filter(([, sentence]) => sentence.aspect === aspect);
    if (own.length === 0) return [];
    return [`*${aspects[aspect]}*`, own.map(([number, sentence]) => line(`${id}-${number}`, sentence)).join('\n')];
  });
  return [`### ${title}`, about, ...groups];
}

function line(name: string, { text, engines }: Sentence): string {
  const [only, ...others] = engines;
  const mark = others.length > 0 ? '' : ` **${only === 'criu' ? 'CRIU' : 'embedded'}**:`;
  return `- <a id="${name.toLowerCase()}"></a>\`${name}\`${mark} ${text}`;
}
