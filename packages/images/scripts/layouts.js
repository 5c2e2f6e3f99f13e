// Writes src/gen/layouts.ts, what the codec needs of each message as text, and lets generated modules describe themselves only when asked.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fromBinary, ScalarType } from '@bufbuild/protobuf';
import {
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';

const generated = new URL('../src/gen/', import.meta.url);
const runtime = '"@bufbuild/protobuf/codegenv2"';

const modules = readdirSync(generated)
  .filter((name) => name.endsWith('_pb.ts'))
  .sort()
  .map((name) => {
    const text = readFileSync(new URL(name, generated), 'utf8');
    const [, base64] = /fileDesc\("([^"]+)"/.exec(text);
    return { name, text, file: fromBinary(FileDescriptorProtoSchema, Buffer.from(base64, 'base64')) };
  });

/** A message of a file, by the path that the generated code has. */
const at = (file, [first, ...rest]) =>
  rest.reduce((message, index) => message.nestedType[index], file.messageType[first]);

const allMessages = (messages, outer) =>
  messages.flatMap((message) => {
    const name = `${outer}${message.name}`;
    return [[name, message], ...allMessages(message.nestedType, `${name}.`)];
  });
const allEnums = (types, messages, outer) => [
  ...types.map((type) => [`${outer}${type.name}`, type]),
  ...messages.flatMap(({ name, enumType, nestedType }) => allEnums(enumType, nestedType, `${outer}${name}.`)),
];

const enums = new Map(modules.flatMap(({ file }) => allEnums(file.enumType, file.messageType, '')));

function numberOfDefault({ typeName, defaultValue }) {
  const { value } = enums.get(typeName.slice(1));
  return (value.find(({ name }) => name === defaultValue) ?? value[0]).number;
}

/** `number label type name` and, where it is not zero, `= default`: an enum is an int32, a message's type begins with a dot. */
function fieldText(field) {
  const label = { [Label.REQUIRED]: '!', [Label.OPTIONAL]: '?', [Label.REPEATED]: '*' }[field.label];
  const isEnum = field.type === Type.ENUM;
  const type = field.type === Type.MESSAGE ? field.typeName : isEnum ? 'int32' : ScalarType[field.type].toLowerCase();
  const known = isEnum ? numberOfDefault(field) : field.defaultValue;
  const usual = field.label === Label.REPEATED || ['', '0', 'false', undefined].includes(known?.toString());
  if (field.options?.packed) throw new Error(`${field.name} is packed: the table has no word for that`);
  return `${field.number} ${label} ${type} ${field.name}${usual ? '' : ` ${known}`}`;
}

const lines = modules
  .flatMap(({ file }) => allMessages(file.messageType, ''))
  .map(([name, { field }]) => {
    const fields = field.toSorted((a, b) => a.number - b.number).map(fieldText);
    return `  ${JSON.stringify(name)}: ${JSON.stringify(fields.join(';'))},\n`;
  });
writeFileSync(
  new URL('layouts.ts', generated),
  `// Written by scripts/layouts.js; do not edit.\n\nexport const layouts: Readonly<Record<string, string>> = {\n${lines.join('')}};\n`,
);

for (const { name, text, file } of modules) {
  const lazy = text
    .replace(new RegExp(`^(import \\{.*\\} from )${runtime};$`, 'm'), '$1"../wire/descriptors.ts";')
    .replaceAll(/messageDesc\((\w+), ([\d, ]+)\)/g, (_, module, path) => {
      const numbers = path.split(', ').map(Number);
      const names = numbers.map((_, depth) => at(file, numbers.slice(0, depth + 1)).name);
      return `messageDesc("${names.join('.')}", ${module}, ${path})`;
    });
  if (lazy === text) throw new Error(`${name}: it is not as the generator wrote it`);
  writeFileSync(new URL(name, generated), lazy);
}
