#!/usr/bin/env node
// JavaScript that every Node can read, so that an old one can say which is needed.
'use strict';

var found = process.versions.node.split('.').map(Number);
var supported = (found[0] === 20 && found[1] >= 19) || (found[0] === 22 && found[1] >= 12) || found[0] > 22;

if (supported) {
  require('./start.cjs');
} else {
  console.error('create-criu-plugin: this is Node ' + process.versions.node + ', which is too old');
  console.error('  \u2192 Use Node 20.19, 22.12 or newer: https://nodejs.org');
  process.exitCode = 1;
}
