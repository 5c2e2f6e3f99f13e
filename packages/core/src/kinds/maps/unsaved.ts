import { EngineError } from '../../errors.ts';

/** Of what is never taken. @throws EngineError INTERNAL */
export function unsaved(): never {
  throw new EngineError('INTERNAL', 'a map that is refused is to be saved');
}
