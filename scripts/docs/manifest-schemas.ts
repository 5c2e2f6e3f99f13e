import { toJsonSchema } from '@valibot/to-json-schema';
import { manifestSchema } from '../../packages/plugin-host/src/manifest/schema.ts';

const folder = 'packages/plugin-sdk/schemas';
const home = `https://raw.githubusercontent.com/criujs/criujs/main/${folder}`;
// Draft 7: what editors support best.
const draft = 'http://json-schema.org/draft-07/schema#';

/** The schemas that the SDK publishes, by file: of the manifest, and of a package.json with one. */
export function manifestSchemas(): Readonly<Record<string, string>> {
  const { $schema: _, ...field } = toJsonSchema(manifestSchema, {
    target: 'draft-07',
    // Reading passes over fields that it does not know; whoever writes one has mistyped it.
    overrideSchema: ({ valibotSchema, jsonSchema }) =>
      valibotSchema.type === 'object' ? { ...jsonSchema, additionalProperties: false } : jsonSchema,
  });
  const packageJson = {
    title: "The package.json of a criujs plugin's package",
    description: 'For editors, beside the schema that they have of package.json.',
    type: 'object',
    properties: { criu: field },
  };
  return {
    ...file('criu-field.schema.json', field),
    ...file('package.schema.json', packageJson),
  };
}

function file(name: string, schema: object): Record<string, string> {
  const whole = { $schema: draft, $id: `${home}/${name}`, ...schema };
  return { [`${folder}/${name}`]: `${JSON.stringify(whole, null, 2)}\n` };
}
