import { afterEach, expect, test, vi } from 'vitest';

const here = { platform: process.platform, arch: process.arch };

afterEach(() => {
  pretend(here);
  vi.resetModules();
});

function pretend(machine: { platform?: string; arch?: string }): void {
  for (const [key, value] of Object.entries(machine)) Object.defineProperty(process, key, { value });
}

test.each([
  { platform: 'darwin', arch: 'arm64', says: 'darwin' },
  { platform: 'win32', arch: 'x64', says: 'win32' },
  { platform: 'linux', arch: 'arm64', says: 'arm64' },
])('on $platform $arch everything imports, and the first use says why it cannot work', async ({ says, ...machine }) => {
  pretend(machine);
  const linux = await import('./index.ts');
  expect(linux.syscallNumbers.read).toBe(0);
  for (const use of [() => linux.syscall('getpid'), () => linux.arena.alloc(1), () => linux.xstateLayout()]) {
    expect(use).toThrowError(
      expect.objectContaining({
        code: 'UNSUPPORTED_PLATFORM',
        remedy: expect.any(String),
        message: expect.stringContaining(says),
      }),
    );
  }
});
