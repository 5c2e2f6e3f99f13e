import type { QueueRecord, SegmentRecord, SetRecord } from '@criujs/engine-kit';

/** What criujs.json says of System V objects while they are dumped. */
export interface SystemVRecording {
  readonly segments: SegmentRecord[];
  readonly sets: SetRecord[];
  readonly queues: QueueRecord[];
}
