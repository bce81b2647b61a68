// Reads the PDUs of a modem's log (npm `node-pdu`), and writes what they say as the log of an SMPP gateway has it.
//
//   node read-pdus.js LOG
'use strict';
const fs = require('fs');
const { parse } = require('node-pdu');

for (const line of fs.readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean)) {
  const { pdu, answered } = JSON.parse(line);
  if (!pdu) continue;
  const { address, data } = parse(pdu);
  const [{ text, header }] = data.parts;
  const of = header && header.toJSON ? header.toJSON() : header;
  const joined = of ? { reference: of.POINTER, of: of.SEGMENTS, part: of.CURRENT } : undefined;
  console.log(JSON.stringify({ to: address.phone, text, joined, answered }));
}
