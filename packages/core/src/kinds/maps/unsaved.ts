import { EngineError } from '@criujs/engine-kit';

/** Of what is never taken. @throws EngineError INTERNAL */
export function unsaved(): never {
  throw new EngineError('INTERNAL', 'a refused map would be saved');
}
