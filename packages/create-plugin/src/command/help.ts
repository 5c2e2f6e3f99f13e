import { questionIds, questions } from '../questions/questions.ts';
import { flagForm } from './flag-form.ts';
import { switches, switchNames } from './switches.ts';

const width = 34;

/** The text of `--help`, made from the tables of questions and switches. */
export function helpText(): string {
  const answers = questionIds.filter((id) => id !== 'folder').flatMap((id) => answerLines(id));
  const others = switchNames.map((name) => {
    const { short, value, help } = switches[name];
    return line(
      `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`,
      help,
    );
  });
  return `Makes a project for a criujs plugin.

  npm create criu-plugin@latest [folder] -- [flags]
  npx create-criu-plugin update [folder]     brings an existing project to the present template

${line('folder', questions.folder.help)}

Each question has a flag. What has none is asked at a terminal; elsewhere --yes takes the defaults.

${answers.join('\n')}

${others.join('\n')}

Exit codes: 0 done, 1 refused and nothing written, 2 the project is there but its installation failed, 130 interrupted.
`;
}

function answerLines(id: keyof typeof questions): readonly string[] {
  const question = questions[id];
  const lines = [line(flagForm(id), question.help)];
  if (!('choices' in question)) return lines;
  return [...lines, ...wrap(question.choices.map(({ value }) => value).join(', '))];
}

function line(name: string, help: string): string {
  return `  ${name.padEnd(width - 2)}${help}`;
}

/** Words in lines of at most 110 characters, below the help of their flag. */
function wrap(text: string): readonly string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    if ((lines.at(-1) ?? '').length + word.length > 80) lines.push('');
    lines.push(`${lines.pop()}${word} `);
  }
  return lines.map((it) => ' '.repeat(width) + it.trimEnd());
}
