import { basename, join } from 'node:path';
import type { MemFsEditorFile } from 'mem-fs-editor';
import { clearFileState, isFilePending, setCommittedFile } from 'mem-fs-editor/state';
import Generator, { type Storage } from 'yeoman-generator';
import { helpText } from '../command/help.ts';
import { CreateError } from '../create-error.ts';
import { createOutput, type Output } from '../output.ts';
import { packageFolder } from '../package-folder.ts';
import { ownPlace } from '../place.ts';
import { type Prepared, prepare } from '../questions/prepare.ts';
import { makeRepository } from '../steps/git.ts';
import { type Installed, install } from '../steps/install.ts';
import { writeFiles } from '../steps/write-files.ts';
import { ask } from './ask.ts';
import { declareOptions, requestOf } from './options.ts';
import { reportDryRun, reportProject } from './report.ts';
import { planWork, type Work } from './work.ts';

/** What create-criu-plugin itself hands over; `yo` has none of it. */
export interface OwnRun {
  readonly prepared: Prepared;
  readonly output: Output;
  /** Called at the end. */
  finished(exitCode: number): void;
}

type YeomanOptions = NonNullable<ConstructorParameters<typeof Generator>[1]>;

type StorageOptions = Parameters<Generator['createStorage']>[1];

/**
 * The generator as Yeoman runs it, under create-criu-plugin and under `yo criu-plugin` alike. Files stay in Yeoman's
 * memory until the last question is answered, and are then written all or none.
 */
export class CriuPluginGenerator extends Generator {
  readonly #given: Readonly<Record<string, unknown>>;
  readonly #ownRun: OwnRun | undefined;
  readonly #output: Output;
  #work: Work | null = null;
  #installed: Installed = 'none';

  constructor(args: string[], options: Readonly<Record<string, unknown>>) {
    super(args, options as YeomanOptions, {
      tasksMatchingPriority: true,
      customInstallTask: true,
      customCommitTask: () => this.#guarded(() => this.#commit()),
    });
    this.#given = options;
    this.#ownRun = options['ownRun'] as OwnRun | undefined;
    this.#output =
      this.#ownRun?.output ?? createOutput({ json: options['json'] === true, verbose: options['verbose'] === true });
    declareOptions(this);
  }

  /** Yeoman would read the package.json of the current directory, which does not concern us. */
  override determineAppname(): string {
    return '';
  }

  /** Neither `~/.yo-rc-global.json` nor a `.yo-rc.json` is read or written: no answer is kept for the next time. */
  // biome-ignore lint/suspicious/noExplicitAny: Yeoman's own bound
  override createStorage<Stored extends Record<any, any>>(path: string, options?: StorageOptions): Storage<Stored> {
    return super.createStorage<Stored>(join(packageFolder(), 'no-settings', basename(path)), options);
  }

  override help(): string {
    return helpText();
  }

  async prompting(): Promise<void> {
    await this.#guarded(async () => {
      const place = { ...ownPlace(), cwd: this.env.cwd };
      const prepared = this.#ownRun?.prepared ?? (await prepare(requestOf(this._args, this.#given), place));
      const choices = await ask(prepared, (question) => this.prompt([question]));
      this.#work = planWork(prepared, choices, this.#output);
    });
  }

  writing(): void {
    const { request, merged, answers } = this.#ready();
    if (request.dryRun) return;
    for (const { path, content } of merged.files) this.fs.write(join(answers.folder, path), content);
  }

  async install(): Promise<void> {
    const { request, answers, plan, situation } = this.#ready();
    if (request.dryRun || plan.install === null) return;
    this.#installed = await install(plan.install, answers.folder, situation.place.environment, this.#output);
  }

  async end(): Promise<void> {
    const { request, answers, plan, merged, situation } = this.#ready();
    const { cwd, environment } = situation.place;
    const wanted = request.dryRun || this.#installed === 'interrupted' ? [] : plan.git;
    const gitTrouble = await makeRepository(wanted, answers.folder, environment);
    const outcome = { answers, cwd, merged, plan, installed: this.#installed, gitTrouble };
    const exitCode = request.dryRun ? reportDryRun(outcome, this.#output) : reportProject(outcome, this.#output);
    if (this.#ownRun === undefined) process.exitCode = exitCode;
    else this.#ownRun.finished(exitCode);
  }

  /** In place of Yeoman's own way, which would leave a half project behind when a file cannot be written. */
  async #commit(): Promise<void> {
    const { merged, answers } = this.#ready();
    const executables = new Set(
      merged.files.filter(({ executable }) => executable).map(({ path }) => join(answers.folder, path)),
    );
    const pending: (MemFsEditorFile & { contents: Buffer })[] = [];
    this.env.sharedFs.each((file) => {
      if (isFilePending(file) && hasContents(file)) pending.push(file);
    });
    await writeFiles(
      pending.map(({ path, contents }) => ({ path, content: contents, executable: executables.has(path) })),
    );
    for (const file of pending) {
      setCommittedFile(file);
      clearFileState(file);
    }
    const { say, colors } = this.#output;
    if (pending.length > 0) say(`${colors.green('✔')} Wrote ${pending.length} files to ${answers.folder}`);
  }

  #ready(): Work {
    if (this.#work === null) throw new Error('the questions come first');
    return this.#work;
  }

  /** `yo` prints an error's message alone, and takes its code for the process's. */
  async #guarded(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (this.#ownRun !== undefined || !(error instanceof CreateError)) throw error;
      throw new Error(`${error.message}\n  → ${error.remedy}`, { cause: error });
    }
  }
}

function hasContents(file: MemFsEditorFile): file is MemFsEditorFile & { contents: Buffer } {
  return file.contents !== null;
}
