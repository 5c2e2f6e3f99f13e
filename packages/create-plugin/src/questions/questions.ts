import { basename, resolve } from 'node:path';
import { kindIds, licences, packageManagers } from '../answers.ts';
import { CreateError } from '../create-error.ts';
import { detectPackageManager } from '../package-manager.ts';
import type { QuestionId } from './choices.ts';
import { checkDevice, isAskedAboutFiles } from './device.ts';
import { checkFolder, repositoryOf } from './folder.ts';
import { kindLabels } from './kind-labels.ts';
import { nearestName, whyInvalidName } from './package-name.ts';
import type { QuestionOf } from './question.ts';

/** All questions in the order in which they are asked. Flags, prompts, `--yes` and `--help` are made from this table. */
export const questions: { readonly [Id in QuestionId]: QuestionOf<Id> } = {
  folder: {
    form: 'text',
    flag: 'folder',
    value: 'folder',
    help: 'where the project goes; `.` is the current folder',
    message: 'Where does the project go?',
    fallback: (_known, { ported }) => nearestName(ported?.name ?? 'my-criu-plugin'),
    check(folder, { place, force }) {
      if (folder.trim() === '') throw new CreateError('INVALID_ANSWER', 'no folder was named', 'Name one.');
      if (/\p{Cc}/u.test(folder)) {
        const what = `the folder's name has control characters: ${JSON.stringify(folder)}`;
        throw new CreateError('INVALID_ANSWER', what, 'Choose one that can be typed.');
      }
      checkFolder(resolve(place.cwd, folder), force);
    },
  },
  name: {
    form: 'text',
    flag: 'name',
    value: 'name',
    help: 'the name of the npm package; made from the folder by default',
    message: 'What is the package called?',
    fallback: ({ folder = '.' }, { place }) => nearestName(basename(resolve(place.cwd, folder))),
    check(name) {
      const why = whyInvalidName(name);
      if (why === null) return;
      const what = `${JSON.stringify(name)} is not a valid npm package name: ${why}`;
      throw new CreateError('INVALID_NAME', what, `The nearest valid name is ${nearestName(name)}.`);
    },
  },
  description: {
    form: 'text',
    flag: 'description',
    value: 'text',
    help: 'one line about the plugin',
    message: 'What does the plugin do, in one line?',
    fallback: () => 'A plugin for checkpoint and restore with criujs',
    check(description) {
      if (/^[^\p{Cc}]*$/u.test(description)) return;
      const what = 'the description has control characters or more than one line';
      throw new CreateError('INVALID_ANSWER', what, 'Write it in one line of plain text.');
    },
  },
  handles: {
    form: 'several',
    flag: 'handles',
    value: 'kind,…',
    help: 'what the plugin handles; several with commas or by repeating the flag',
    message: 'What does the plugin handle?',
    choices: kindIds.map((value) => ({ value, label: kindLabels[value] })),
    fallback: (_known, { ported }) => (ported === null ? ['external-file'] : []),
    check(handles, { ported }) {
      if (handles.length > 0 || ported !== null) return;
      throw new CreateError('INVALID_ANSWER', 'nothing was chosen', 'Choose at least one; `lifecycle` has no hooks.');
    },
    applies: (_known, { ported }) => ported === null,
  },
  device: {
    form: 'text',
    flag: 'device',
    value: 'path',
    help: 'with --from: a device for the example, so that the plugin is asked',
    message: 'Which device or file is the plugin for? The example holds it, so that the plugin is asked about it.',
    fallback: (_known, { ported }) => (isAskedAboutFiles(ported) ? (ported?.devices[0] ?? '/dev/fuse') : ''),
    check(device, { ported }) {
      if (isAskedAboutFiles(ported)) return checkDevice(device);
      if (device === '') return;
      const remedy = 'Leave --device out: only a plugin from --from that dumps files or devices has one.';
      throw new CreateError('USAGE', 'nothing asks the plugin about a device', remedy);
    },
    applies: (_known, { ported }) => isAskedAboutFiles(ported),
  },
  options: {
    form: 'yes-no',
    flag: 'options',
    help: 'whether the plugin has options, checked by a schema',
    message: 'Does the plugin have options?',
    fallback: () => false,
  },
  packageManager: {
    form: 'one',
    flag: 'package-manager',
    value: 'name',
    help: 'by default the one that runs this command',
    message: 'Which package manager?',
    choices: packageManagers.map((value) => ({ value, label: value })),
    fallback: (_known, { place }) => detectPackageManager(place.environment),
  },
  licence: {
    form: 'one',
    flag: 'licence',
    value: 'id',
    aliases: ['license'],
    help: 'SPDX identifier',
    message: 'Which licence?',
    choices: licences.map((value) => ({
      value,
      label: value === 'UNLICENSED' ? 'UNLICENSED (all rights kept)' : value,
    })),
    fallback: () => 'MIT',
  },
  git: {
    form: 'yes-no',
    flag: 'git',
    help: 'whether to make a git repository with a first commit; never inside of another one',
    message: 'Make a git repository?',
    fallback: ({ folder = '.' }, { place }) => repositoryOf(resolve(place.cwd, folder)) === null,
    applies: ({ folder = '.' }, { place }) => repositoryOf(resolve(place.cwd, folder)) === null,
  },
  ci: {
    form: 'yes-no',
    flag: 'ci',
    help: 'whether to add a GitHub workflow that tests the plugin',
    message: 'Add a CI workflow for GitHub?',
    fallback: () => true,
  },
  install: {
    form: 'yes-no',
    flag: 'install',
    help: 'whether to install what the project needs',
    message: 'Install the dependencies now?',
    fallback: () => true,
  },
};

/** Their names, in order. */
export const questionIds: readonly QuestionId[] = Object.keys(questions) as QuestionId[];
