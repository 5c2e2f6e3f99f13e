/** What is wrong with an image; stable, for programs. */
export type ImageErrorCode =
  /** It ends before something that it declared. */
  | 'IMAGE_TRUNCATED'
  /** It is not an image, or one of another kind. */
  | 'IMAGE_MAGIC'
  /** It declares something over a limit (see `Limits`). */
  | 'IMAGE_TOO_LARGE'
  /** Its bytes, or a message that was to be written, break the schema. */
  | 'IMAGE_CORRUPT'
  /** No file name can be made of this id. */
  | 'IMAGE_NAME';

/** Where an `ImageError` arose. */
export interface ImageErrorPlace {
  /** Name of the image, as the caller gave it. */
  readonly file?: string | undefined;
  /** Offset in the image, in bytes, of the first faulty byte. */
  readonly offset?: number;
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** The one error of this package; structurally a `CriuError` of the plugin SDK. */
export class ImageError extends Error {
  readonly code: ImageErrorCode;
  /** Name of the image, when the caller gave one. */
  readonly file?: string;
  /** Offset in the image, in bytes, of the first faulty byte. */
  readonly offset: number;
  /** What a person can do about it. */
  readonly remedy?: string;

  constructor(code: ImageErrorCode, what: string, place: ImageErrorPlace = {}) {
    const offset = place.offset ?? 0;
    super(`${place.file ?? 'image'}, offset ${offset}: ${what}`, { cause: place.cause });
    this.name = 'ImageError';
    this.code = code;
    this.offset = offset;
    if (place.file !== undefined) this.file = place.file;
    if (place.remedy !== undefined) this.remedy = place.remedy;
  }
}
