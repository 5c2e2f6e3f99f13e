import { definePlugin, hook } from '@criujs/plugin-sdk';

/** Answers nothing, or holds the thread for good, as CRIUJS_TEST_STUCK says. */
export default definePlugin({
  name: 'test-stuck',
  hooks: [
    hook('CHECKPOINT_DEVICES', () => {
      while (process.env['CRIUJS_TEST_STUCK'] === 'loop');
      return new Promise<never>(() => undefined);
    }),
  ],
});
