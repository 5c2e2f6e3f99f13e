import type { SchemaIssue, Stage, StandardSchemaV1 } from '@criujs/plugin-sdk';

/** The number of the restore stage: 1 for descriptors that were written before CRIU 2.0, else 2. */
export type RestoreStage = 1 | 2;

/** What a user may say of one descriptor: `--plugin-option NAME.restoreStage=1`. */
export interface DescriptorOptions {
  readonly restoreStage?: RestoreStage;
}

/** Before 2.0 there was no pre-dump stage. */
const numbers: Readonly<Record<RestoreStage, Readonly<Partial<Record<Stage, number>>>>> = {
  1: { dump: 0, restore: 1 },
  2: { dump: 0, 'pre-dump': 1, restore: 2 },
};

/** The number that a descriptor knows a stage by; undefined: it knows no such stage. */
export function stageNumber(stage: Stage, restoreStage: RestoreStage): number | undefined {
  return numbers[restoreStage][stage];
}

/** Validates {@link DescriptorOptions}. */
export const descriptorOptions: StandardSchemaV1<unknown, DescriptorOptions> = {
  '~standard': { version: 1, vendor: 'criujs', validate },
};

function validate(value: unknown): { value: DescriptorOptions } | { issues: SchemaIssue[] } {
  if (value === undefined) return { value: {} };
  if (typeof value !== 'object' || value === null) return { issues: [{ message: 'must be an object' }] };
  const issues = Object.entries(value).flatMap(([key, it]) => {
    if (key !== 'restoreStage') return [{ path: [key], message: 'is not an option of a descriptor; restoreStage is' }];
    return it === 1 || it === 2
      ? []
      : [{ path: [key], message: 'must be 2, or 1 for a descriptor from before CRIU 2.0' }];
  });
  return issues.length > 0 ? { issues } : { value };
}
