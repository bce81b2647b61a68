// What the peers share: moods that can be had again, and a log of a line of JSON for each message.
'use strict';
const fs = require('fs');

// A small generator with a seed (mulberry32), so that a mood can be had again.
exports.generator = (seed) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
};

exports.logTo = (path) => {
  const out = fs.openSync(path, 'a');
  return (line) => fs.writeSync(out, JSON.stringify(line) + '\n');
};

// The number behind an option, if the option is there.
exports.option = (options, name) => {
  const at = options.indexOf(name);
  return at < 0 ? undefined : options[at + 1];
};
