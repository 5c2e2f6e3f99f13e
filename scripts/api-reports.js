#!/usr/bin/env node
/**
 * The public surface of every published package as text, packages/NAME/etc/NAME.api.md, from the declarations in dist.
 * A change of the surface shows up in the diff of a commit. Without arguments reports that differ are an error;
 * `--update` writes them (npm run api).
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { publishedPackages, root } from './packages.js';

const update = process.argv.includes('--update');
const temporary = join(root, '.cache', 'api');
const silent = { logLevel: ExtractorLogLevel.None };

let failed = false;
for (const { folder, manifest } of publishedPackages()) {
  for (const [name, entry] of Object.entries(entries(manifest))) {
    failed = !report(folder, name, entry) || failed;
  }
}
process.exitCode = failed ? 1 : 0;

/** Every export of a package that has types, by the name of its report. */
function entries(manifest) {
  const short = manifest.name.replace('@criujs/', '');
  return Object.fromEntries(
    Object.entries(manifest.exports ?? {})
      .filter(([, target]) => typeof target === 'object' && typeof target.types === 'string')
      .map(([path, target]) => [path === '.' ? short : `${short}-${basename(path)}`, target.types]),
  );
}

/** Compares or writes one report; false when it is not as committed. */
function report(folder, name, types) {
  const file = `${name}.api.md`;
  const entry = join(folder, types);
  const committed = join(folder, 'etc', file);
  const where = relative(root, committed);
  if (!existsSync(entry)) return complain(`${relative(root, entry)} is missing: run npm run build`);
  mkdirSync(temporary, { recursive: true });
  mkdirSync(join(folder, 'etc'), { recursive: true });

  const fresh = extract(folder, name, entry);
  if (fresh === null) return complain(`${where}: the declarations could not be read`);
  const before = existsSync(committed) ? readFileSync(committed, 'utf8') : '';
  if (fresh === before) return true;
  if (!update) {
    return complain(`${where} is not up to date: the public surface changed. Run npm run api and commit it.`);
  }
  writeFileSync(committed, fresh);
  console.log(`wrote ${where}`);
  return true;
}

/** The report's text of one entry, or null when the extractor met an error. */
function extract(folder, name, entry) {
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: entry,
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'ES2023',
            lib: ['ES2023'],
            module: 'nodenext',
            moduleResolution: 'nodenext',
            types: ['node'],
            strict: true,
            skipLibCheck: true,
          },
          files: [entry],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: temporary,
        reportTempFolder: temporary,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.Warning, addToApiReportFile: true },
          'ae-missing-release-tag': silent,
        },
        tsdocMessageReporting: { default: silent },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, 'package.json'),
  });
  const written = join(temporary, `${name}.api.md`);
  rmSync(written, { force: true });
  const result = Extractor.invoke(config, {
    localBuild: true,
    messageCallback(message) {
      message.handled = message.logLevel !== ExtractorLogLevel.Error;
    },
  });
  return result.errorCount === 0 ? readFileSync(written, 'utf8') : null;
}

function complain(message) {
  console.error(message);
  return false;
}
