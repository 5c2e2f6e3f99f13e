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
    'gpu.code=007',
    'gpu.big=12345678901234567890',
    'gpu.word="5"',
    'gpu.nothing=null',
  ];
  expect(parsePluginOptions(settings)).toEqual({
    gpu: {
      device: 0,
      name: 'card one',
      fast: true,
      list: [1, 2],
      empty: '',
      url: 'a=b',
      code: '007',
      big: '12345678901234567890',
      word: '5',
      nothing: null,
    },
  });
});

test('dots reach into objects, and the configuration stays as it was', () => {
  const base = { gpu: { limits: { memory: 1, time: 2 } } };
  expect(parsePluginOptions(['gpu.limits.memory=5'], base)).toEqual({ gpu: { limits: { memory: 5, time: 2 } } });
  expect(base.gpu.limits.memory).toBe(1);
});

test('numbers reach into lists', () => {
  const base = { gpu: { slots: [{ size: 1 }, { size: 2 }] } };
  expect(parsePluginOptions(['gpu.slots.1.size=5', 'gpu.slots.2.size=9'], base)).toEqual({
    gpu: { slots: [{ size: 1 }, { size: 5 }, { size: 9 }] },
  });
  expect(base.gpu.slots).toHaveLength(2);
  for (const key of ['length', '-1', '3', '1e9', 'x']) {
    expect(() => parsePluginOptions([`gpu.slots.${key}=1`], base)).toThrow(/not a position in a list of 2/);
  }
});

test('a configuration may hold what cannot be copied', () => {
  const choose = (): number => 1;
  const base = { gpu: { choose }, hub: new Map() };
  const options = parsePluginOptions(['gpu.device=1'], base);
  expect(options).toEqual({ gpu: { choose, device: 1 }, hub: base.hub });
});

test('names that objects inherit are names like others', () => {
  expect(parsePluginOptions(['constructor.prototype.x=1', 'gpu.toString.y=2'])).toEqual({
    constructor: { prototype: { x: 1 } },
    gpu: { toString: { y: 2 } },
  });
});

test.each(['gpu', 'gpu=1', '.x=1', 'gpu.=1', 'gpu.a..b=1', 'GPU.x=1', 'gpu.__proto__.x=1'])(
  '%s is a mistake',
  (setting) => {
    expect(() => parsePluginOptions([setting])).toThrow(/--plugin-option/);
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
  },
);
