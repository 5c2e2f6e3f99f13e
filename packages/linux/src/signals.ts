/** Signals by name, signal(7): the numbers of x86-64 and arm64. */
export const signals = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGSTKFLT: 16,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGURG: 23,
  SIGXCPU: 24,
  SIGXFSZ: 25,
  SIGVTALRM: 26,
  SIGPROF: 27,
  SIGWINCH: 28,
  SIGIO: 29,
  SIGPWR: 30,
  SIGSYS: 31,
} as const;

export type SignalName = keyof typeof signals;

const names: ReadonlyMap<number, string> = new Map(Object.entries(signals).map(([name, number]) => [number, name]));

/** The kernel's first real-time signal; a C library keeps the first few for itself. */
const firstRealTime = 32;
const last = 64;

/** `SIGTERM` for 15, `SIGRT2` for the kernel's real-time signal number 2 (34), `signal 99` for what is none. */
export function signalName(signal: number): string {
  const name = names.get(signal);
  if (name !== undefined) return name;
  return signal >= firstRealTime && signal <= last ? `SIGRT${signal - firstRealTime}` : `signal ${signal}`;
}
