/** The engines that call plugins: the embedded one, and an installed CRIU through the bridge. */
export type EngineName = 'criujs' | 'criu';
export const engineNames: readonly EngineName[] = ['criujs', 'criu'];

/** What a sentence is about, in the order of the page. */
export const aspects = {
  order: 'Order',
  together: 'At the same time',
  target: 'The program meanwhile',
  images: 'Saved or opened by then',
  failure: 'After a failure',
} as const;
export type Aspect = keyof typeof aspects;

/** One guarantee. */
export interface Sentence {
  readonly aspect: Aspect;
  readonly text: string;
  /** Who keeps it: a test shows it under each of them. */
  readonly engines: readonly EngineName[];
}

/** What is guaranteed of one hook, or of all. The number of a sentence stays: others refer to it. */
export interface Section<Sentences extends Readonly<Record<number, Sentence>> = Readonly<Record<number, Sentence>>> {
  /** With a number it is the name of a sentence: `PAUSE-1`. */
  readonly id: string;
  readonly title: string;
  /** What it is called for. */
  readonly about: string;
  readonly sentences: Sentences;
}

export function section<const S extends Readonly<Record<number, Sentence>>>(
  id: string,
  title: string,
  about: string,
  sentences: S,
): Section<S> {
  return { id, title, about, sentences };
}

/** Makes sentences of one aspect: of both engines, or of one. */
interface Maker {
  (text: string): Sentence;
  embedded(text: string): Sentence;
  criu(text: string): Sentence;
}

function maker(aspect: Aspect): Maker {
  const make =
    (...engines: readonly EngineName[]) =>
    (text: string): Sentence => ({ aspect, text, engines });
  return Object.assign(make(...engineNames), { embedded: make('criujs'), criu: make('criu') });
}

export const order: Maker = maker('order');
export const together: Maker = maker('together');
export const target: Maker = maker('target');
export const images: Maker = maker('images');
export const failure: Maker = maker('failure');
