export * from './registers.ts';
export { syscallNumbers } from './syscalls.ts';
