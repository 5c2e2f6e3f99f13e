// Yeoman installs missing generators with this; ours is always there, and npm's own installer would be 30 MB more.
export class FlyRepository {
  constructor({ repositoryPath }) {
    this.repositoryPath = repositoryPath;
  }
}

export function flyImport(name) {
  throw new Error(`${name} is not part of create-criu-plugin`);
}
