"use strict";
// Node runs this before the `cdk` CLI, which is one file of 14 MB: compiling what it needs of it takes as long as all that
// it then does. The first run keeps what it has compiled, in the file that REHEARSAL_COMPILED names; the others take it.
// Node's own NODE_COMPILE_CACHE keeps what is compiled at first, and not the functions that are compiled when called.

const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const vm = require("node:vm");

const LARGE = 1_000_000;
const kept = process.env.REHEARSAL_COMPILED;
delete process.env.REHEARSAL_COMPILED;
const compile = Module.prototype._compile;

Module.prototype._compile = function (source, file, ...rest) {
  if (source.length < LARGE) {
    return compile.call(this, source, file, ...rest);
  }
  Module.prototype._compile = compile;
  const cachedData = read();
  const importModuleDynamically = vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  const script = new vm.Script(Module.wrap(source), { filename: file, cachedData, importModuleDynamically });
  if (!cachedData || script.cachedDataRejected) {
    process.on("exit", () => write(script.createCachedData()));
  }
  const run = script.runInThisContext();
  return run.call(this.exports, this.exports, Module.createRequire(file), this, file, path.dirname(file));
};

function read() {
  try {
    return fs.readFileSync(kept);
  } catch {
    return undefined; // this is the first run
  }
}

function write(compiled) {
  const whole = `${kept}.${process.pid}`;
  try {
    fs.writeFileSync(whole, compiled);
    fs.renameSync(whole, kept); // nobody sees half a file
  } catch {
    fs.rmSync(whole, { force: true }); // the next run compiles, as this one did
  }
}
