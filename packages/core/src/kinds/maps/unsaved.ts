import { EngineError } from '@criujs/engine-kit';

/** For maps that are never taken. @throws EngineError INTERNAL */
export function unsaved(): never {
  throw new EngineError('INTERNAL', 'a refused map would be saved');
}
