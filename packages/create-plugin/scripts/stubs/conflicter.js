// Yeoman's question about each file that is there already. This generator writes its files itself, all or none.
function neverUsed() {
  throw new Error('the conflicter is not part of create-criu-plugin');
}

export const createConflicterTransform = neverUsed;
export const createYoResolveTransform = neverUsed;
export const forceYoFiles = neverUsed;
