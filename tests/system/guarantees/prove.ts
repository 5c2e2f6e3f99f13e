import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missing, openScene, type Scene } from './scene.ts';
import { engineNames, type Section, type Sentence } from './sentence.ts';

/** Shows one sentence to be true. */
export type Proof = (scene: Scene) => Promise<void>;

/** What shows each sentence of a section: one that is missing, or one too many, does not compile. */
export type ProofsOf<S> = S extends Section<infer Sentences> ? { readonly [K in keyof Sentences]: Proof } : never;

/** A section with its proofs. */
export interface Proven {
  readonly section: Section;
  readonly proofs: Readonly<Record<number, Proof>>;
  /** Why what it is about cannot be tried under CRIU on this machine, or null. */
  readonly missing: string | null;
}

export function prove<S extends Section>(section: S, proofs: ProofsOf<S>, missing: string | null = null): Proven {
  return { section, proofs: proofs as Readonly<Record<number, Proof>>, missing };
}

/** A test for each sentence under each engine that keeps it. They share what is dumped and restored for them. */
export function showAll(all: readonly Proven[]): void {
  for (const name of engineNames) {
    const why = missing[name];
    describe.skipIf(why)(why === null ? name : `${name}: ${why}`, () => {
      let scene: Scene;
      beforeAll(() => {
        scene = openScene(name);
      });
      afterAll(() => scene.close());
      for (const { section, proofs, missing } of all) {
        const lacks = name === 'criu' ? missing : null;
        for (const [number, sentence] of Object.entries<Sentence>(section.sentences)) {
          if (!sentence.engines.includes(name)) continue;
          const title = `${section.id}-${number}: ${sentence.text}`;
          test.skipIf(lacks)(lacks === null ? title : `${title} (${lacks})`, async () => {
            expect.hasAssertions();
            await proofs[Number(number)]?.(scene);
          });
        }
      }
    });
  }
}
