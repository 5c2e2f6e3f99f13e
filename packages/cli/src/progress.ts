import { type Progress, safeText } from '@criujs/core';
import type { Output } from './output.ts';

/** Milliseconds that a run may take before anything is shown. */
const patienceMs = 1000;

/** Shows the progress of a long run on a terminal. */
export interface ProgressDisplay {
  update(progress: Progress): void;
  stop(): void;
}

/** How each phase of the engine is called in the output. Others are shown by name. */
const words: Readonly<Record<string, string>> = {
  survey: 'looking at the processes',
  pause: 'pausing devices',
  freeze: 'freezing the processes',
  collect: 'collecting their resources',
  infect: 'asking them from inside',
  pages: 'writing memory',
  write: 'writing images',
  encode: 'writing images',
  commit: 'finishing the images',
  open: 'opening files',
  fork: 'making processes',
  map: 'laying out memory',
  fill: 'filling memory',
  resume: 'starting the processes',
  'pre-dump': 'CRIU starts',
  'post-dump': 'finishing the images',
  'pre-restore': 'CRIU starts',
  'pre-resume': 'starting the processes',
};

/** @param what for example `dumping 4242` */
export function showProgress(what: string, output: Output): ProgressDisplay {
  let phase = '';
  let spinner: { text: string; stop(): unknown } | undefined;
  let stopped = false;
  const text = (): string => safeText(phase === '' ? what : `${what}: ${words[phase] ?? phase}`);
  const begin = async (): Promise<void> => {
    const { default: yoctoSpinner } = await import('yocto-spinner');
    if (!stopped) spinner = yoctoSpinner({ text: text(), stream: process.stderr, handleSignals: false }).start();
  };
  const wanted = process.stderr.isTTY === true && !output.json && !output.verbose;
  const timer = wanted ? setTimeout(() => void begin(), patienceMs) : undefined;
  return {
    update(progress) {
      phase = progress.phase;
      if (spinner !== undefined) spinner.text = text();
      if (output.verbose)
        output.note(
          output.errorColors.dim(safeText(`criujs: ${progress.elapsedMs.toFixed(1)} ms ${words[phase] ?? phase}`)),
        );
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      spinner?.stop();
    },
  };
}
