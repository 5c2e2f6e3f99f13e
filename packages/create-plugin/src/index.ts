import { CriuPluginGenerator as Implementation } from './yeoman/generator.ts';

/**
 * The Yeoman generator behind `npm create criu-plugin` and `yo criu-plugin`, for Yeoman environments and for generators
 * that compose with it. Its arguments are the project's folder, its options the flags that
 * `create-criu-plugin --help` lists, in camel case.
 */
export const CriuPluginGenerator: new (args: string[], options: Readonly<Record<string, unknown>>) => object =
  Implementation;
