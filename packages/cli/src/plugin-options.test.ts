import { expect, test } from 'vitest';
import { parsePluginOptions } from './plugin-options.ts';

test('values are JSON where they are JSON, and text elsewhere', () => {
  const settings = [
    'gpu.device=0',
    'gpu.name=card one',
    'gpu.fast=true',
    'gpu.list=[1,2]',
    'gpu.empty=',
    'gpu.url=a=b',
  ];
  expect(parsePluginOptions(settings)).toEqual({
    gpu: { device: 0, name: 'card one', fast: true, list: [1, 2], empty: '', url: 'a=b' },
  });
});

test('dots reach into objects, and the configuration stays as it was', () => {
  const base = { gpu: { limits: { memory: 1, time: 2 } } };
  expect(parsePluginOptions(['gpu.limits.memory=5'], base)).toEqual({ gpu: { limits: { memory: 5, time: 2 } } });
  expect(base.gpu.limits.memory).toBe(1);
});

test.each(['gpu', 'gpu=1', '.x=1', 'gpu.=1', 'gpu.a..b=1', 'GPU.x=1', 'gpu.__proto__.x=1'])(
  '%s is a mistake',
  (setting) => {
    expect(() => parsePluginOptions([setting])).toThrow(/--plugin-option/);
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
  },
);
