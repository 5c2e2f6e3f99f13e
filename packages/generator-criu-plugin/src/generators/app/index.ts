export { CriuPluginGenerator as default } from 'create-criu-plugin';
