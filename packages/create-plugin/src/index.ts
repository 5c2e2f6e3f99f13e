export {
  type Answers,
  type KindId,
  kindIds,
  type Licence,
  licences,
  type PackageManager,
  type PortedPlugin,
  type ProjectFile,
  type ProjectRecord,
  packageManagers,
  projectRecordName,
  templateVersion,
} from './answers.ts';
