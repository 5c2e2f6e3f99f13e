import type { QuestionId } from '../questions/choices.ts';
import { questionIds, questions } from '../questions/questions.ts';
import { type SwitchName, switches, switchNames } from './switches.ts';

/** What a flag means. */
export type Flag =
  | { readonly answers: QuestionId; readonly takesValue: boolean; readonly fixed?: boolean }
  | { readonly sets: SwitchName; readonly takesValue: boolean };

/** Every spelling of every flag, without dashes. */
export const flags: ReadonlyMap<string, Flag> = new Map<string, Flag>([
  ...questionIds.flatMap(spellings),
  ...switchNames.map((name): [string, Flag] => [name, { sets: name, takesValue: switches[name].value !== undefined }]),
]);

/** Flags of one letter. */
export const shortFlags: ReadonlyMap<string, SwitchName> = new Map(
  switchNames.flatMap((name): [string, SwitchName][] => {
    const { short } = switches[name];
    return short === undefined ? [] : [[short, name]];
  }),
);

function spellings(answers: QuestionId): [string, Flag][] {
  const { form, flag, aliases = [] } = questions[answers];
  const takesValue = form !== 'yes-no';
  const names = [flag, ...aliases].map((name): [string, Flag] => [name, { answers, takesValue }]);
  if (takesValue) return names;
  const no = [`no-${flag}`, ...(answers === 'install' ? ['skip-install'] : [])];
  return [...names, ...no.map((name): [string, Flag] => [name, { answers, takesValue, fixed: false }])];
}
