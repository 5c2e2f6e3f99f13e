import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { LinuxError, makePipe, memfd, spawnProgram, waitFor } from '@criujs/linux';
import type { UndoCall } from '../../machinery/guard/hold-guard.ts';
import { batchOf, markText, programs, type Rule } from './rules.ts';

/**
 * A process that has the programs make rules and take them away, one after the other, as it is told: who is killed while rules are being
 * made leaves nobody behind who makes them later than they are taken away. It ends when it has taken them away, or when all who could
 * tell it to have closed their end.
 */
export interface Keeper {
  /** @throws EngineError UNSUPPORTED, NOT_PERMITTED; then none was made */
  make(): void;
  /** Has what was made taken away, and waits for it: calls for whoever has these descriptors. The last fails where something is left. */
  readonly remove: readonly UndoCall[];
  /** The same, at once. @returns the rules that were there @throws EngineError */
  removeNow(): string[];
  /** Closes our ends. */
  close(): void;
}

/** Its descriptors: what it is told, what it answers, whether all is away, what was taken away, the batches. */
const keeperFd = { order: 3, answer: 4, done: 5, removed: 6, firstBatch: 7 } as const;
/** lseek(2): fails in an empty file. */
const SEEK_DATA = 3;
/** How long the programs wait for each other, in seconds: while a tree stands still, and later. */
const patience = { make: 10, remove: 60 } as const;
const longestMessage = 300;

/** What stands for all rules of a program that were taken away: a shell reads the batch slowly. */
const everyRule = 'all';

const batchPath = (at: number): string => `/proc/self/fd/${keeperFd.firstBatch + at}`;

/**
 * Rules are taken away in one batch, all or none; where one is gone, the others one by one, unless there is none with our mark. What cannot be looked for is not there: the
 * program is not installed.
 */
const script = `
PATH="$PATH:$1:/usr/sbin:/sbin:/usr/bin:/bin"; export PATH; set -f
has() { command -v "$1" >/dev/null 2>&1; }
feed() { [ ! -s "$2" ] || "$1-restore" -w ${patience.make} --noflush <"$2"; }
make() {
  feed iptables ${batchPath(0)} || return 1
  feed ip6tables ${batchPath(2)} && return
  feed iptables ${batchPath(1)}
  return 1
}
one() {
  has "$1" || return 0
  if saved=$("$1-save" -t filter 2>/dev/null); then
    case $saved in *${markText}*) ;; *) return 0 ;; esac
  fi
  left=0
  while read -r how rule; do
    [ "$how" = -D ] || continue
    if "$1" -w ${patience.remove} -D $rule 2>/dev/null; then echo "$1 $rule" >&${keeperFd.removed}; continue; fi
    "$1" -w ${patience.remove} -C $rule >/dev/null
    [ $? = 1 ] || left=1
  done <"$2"
  return $left
}
remove() {
  [ -s "$2" ] || return 0
  if has "$1-restore" && "$1-restore" -w ${patience.remove} --noflush <"$2" 2>/dev/null; then
    echo "$1 ${everyRule}" >&${keeperFd.removed}
  else
    one "$1" "$2"
  fi
}
made=$2
while read -r what <&${keeperFd.order}; do
  case $what in
    make)
      if make; then made=yes; printf y >&${keeperFd.answer}; else printf n >&${keeperFd.answer}; fi ;;
    remove)
      all=yes
      if [ $made = yes ]; then
        remove iptables ${batchPath(1)} || all=no
        remove ip6tables ${batchPath(3)} || all=no
      fi
      [ $all = no ] || printf y >&${keeperFd.done}
      printf y >&${keeperFd.answer}
      exit ;;
  esac
done
`;

/**
 * Starts the keeper of some rules, in the network namespace of this thread.
 * @param areMade whether the rules may be there
 * @throws EngineError KERNEL
 */
export function startKeeper(rules: readonly Rule[], areMade: boolean): Keeper {
  const opened: number[] = [];
  const keep = (fd: number): number => {
    opened.push(fd);
    return fd;
  };
  const closeAll = (): void => {
    for (const fd of opened.splice(0)) closeSync(fd);
  };
  const passed: number[] = [];
  const pass = (fd: number): number => {
    passed.push(fd);
    return fd;
  };
  try {
    const [orderRead, orderWrite] = makePipe();
    const [answerRead, answerWrite] = makePipe();
    pass(orderRead);
    pass(answerWrite);
    for (const fd of [orderWrite, answerRead]) keep(fd);
    const [done, removed, words] = ['done', 'removed', 'words'].map((name) => keep(memfd(name, new Uint8Array())));
    if (done === undefined || removed === undefined || words === undefined)
      throw new EngineError('INTERNAL', 'no file');
    const batches = programs.flatMap((program) =>
      (['make', 'remove'] as const).map((what) => pass(memfd(program, Buffer.from(batchOf(program, rules, what))))),
    );
    const nothing = pass(openSync('/dev/null', 'r'));
    // Its child is nobody's to wait for but init's: it may outlive us.
    const background = `(${script}) &`;
    const path = process.env['PATH'] ?? '';
    const pid = spawnProgram('/bin/sh', ['/bin/sh', '-c', background, 'criujs-rules', path, areMade ? 'yes' : 'no'], {
      newSession: true,
      inherit: [
        { fd: nothing, as: 0 },
        { fd: words, as: 1 },
        { fd: words, as: 2 },
        { fd: orderRead, as: keeperFd.order },
        { fd: answerWrite, as: keeperFd.answer },
        { fd: done, as: keeperFd.done },
        { fd: removed, as: keeperFd.removed },
        ...batches.map((fd, at) => ({ fd, as: keeperFd.firstBatch + at })),
      ],
    });
    waitFor(pid);
    const order = (what: string): boolean => {
      writeSync(orderWrite, `${what}\n`);
      const answer = Buffer.alloc(1);
      return readSync(answerRead, answer) === 1 && answer.toString() === 'y';
    };
    const remove = Buffer.from('remove\n');
    return {
      make() {
        if (!order('make')) throw refused(textIn(words));
      },
      remove: [
        ['write', { fd: orderWrite }, remove, remove.length],
        ['read', { fd: answerRead }, new Uint8Array(1), 1],
        ['lseek', { fd: done }, 0, SEEK_DATA],
      ],
      removeNow() {
        order('remove');
        if (textIn(done) === '') throw refused(textIn(words));
        return textIn(removed)
          .split('\n')
          .filter(Boolean)
          .flatMap((line) => (line.endsWith(` ${everyRule}`) ? linesOf(rules, line) : [line]));
      },
      close: closeAll,
    };
  } catch (error) {
    closeAll();
    if (!(error instanceof LinuxError)) throw error;
    throw new EngineError('KERNEL', `a process for rules of iptables could not be started (${error.message})`, {
      cause: error,
      remedy: 'Raise the limits of processes and descriptors, and see that there is /bin/sh.',
    });
  } finally {
    for (const fd of passed) closeSync(fd);
  }
}

/** All rules of the program with which a line begins. */
function linesOf(rules: readonly Rule[], line: string): string[] {
  return rules.flatMap(({ program, chain, text }) =>
    line.startsWith(`${program} `) ? [`${program} ${chain} ${text}`] : [],
  );
}

/** All that was written to a file in memory. */
function textIn(fd: number): string {
  return readFileSync(`/proc/self/fd/${fd}`, 'utf8');
}

function refused(words: string): EngineError {
  const said = words.trim().split('\n').join(' ').slice(0, longestMessage);
  const isDenied = /permission denied|must be root|not permitted/i.test(said);
  return new EngineError(
    isDenied ? 'NOT_PERMITTED' : 'UNSUPPORTED',
    `packets of connections cannot be dropped, or let pass again, with iptables: ${said || 'it says nothing'}`,
    {
      remedy: isDenied
        ? 'Do it as root, or with CAP_NET_ADMIN.'
        : 'Install iptables, or use --network-lock nftables (option `networkLock`), which needs no program, or drop them yourself and use skip.',
    },
  );
}
