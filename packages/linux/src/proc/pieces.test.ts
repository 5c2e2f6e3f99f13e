import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { forEachPiece } from './pieces.ts';

function piecesOf(text: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'pieces-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'file'), text, 'latin1');
  const pieces: string[] = [];
  forEachPiece(join(folder, 'file'), (lines) => pieces.push(lines));
  return pieces;
}

test('a long file comes in pieces of whole lines', () => {
  const text = Array.from({ length: 50_000 }, (_, at) => `line ${at} \xe9\n`).join('');
  const pieces = piecesOf(text);
  expect(pieces.length).toBeGreaterThan(2);
  for (const piece of pieces.filter(Boolean)) expect(piece.endsWith('\n')).toBe(true);
  expect(pieces.join('')).toBe(text);
});

test('a last line without an end, and nothing at all', () => {
  expect(piecesOf('one\ntwo').join('')).toBe('one\ntwo');
  expect(piecesOf('').join('')).toBe('');
});
