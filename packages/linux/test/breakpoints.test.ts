import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { breakpointsWork } from '@criujs/linux';
import { expect, test } from 'vitest';

/** Sets a breakpoint in a child as CRIU does, through its debug registers, and tells whether the child stops at it. */
const program = `
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
__attribute__((noinline)) void here(void) { __asm__ volatile("nop"); }
int main(void) {
  int status;
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    here();
    _exit(7);
  }
  waitpid(child, &status, 0);
  if (ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[0]), here)) return 2;
  if (ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[7]), 1)) return 2;
  ptrace(PTRACE_CONT, child, 0, 0);
  waitpid(child, &status, 0);
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  return 0;
}
`;
const stopped = 0;
const ranThrough = 7;

const compiler = spawnSync('cc', ['--version']).status === 0;

test.skipIf(!compiler)(`whether breakpoints in hardware work${compiler ? '' : ' (no C compiler)'}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'criujs-breakpoints-'));
  try {
    writeFileSync(join(folder, 'it.c'), program);
    execFileSync('cc', ['-O1', '-o', join(folder, 'it'), join(folder, 'it.c')]);
    const { status } = spawnSync(join(folder, 'it'));
    expect([stopped, ranThrough]).toContain(status);
    expect(breakpointsWork()).toBe(status === stopped);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
