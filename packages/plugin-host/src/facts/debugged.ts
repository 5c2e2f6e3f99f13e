/**
 * Whether a debugger may stop this process: its inspector is open (`--inspect`, `--inspect-brk`, an editor's launch, SIGUSR1). A
 * person at a breakpoint takes as long as it takes, and no deadline runs meanwhile.
 */
export function isDebugged(): boolean {
  // The module is absent where Node was built without an inspector.
  return process.getBuiltinModule('node:inspector')?.url() !== undefined;
}
