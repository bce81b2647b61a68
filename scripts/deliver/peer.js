// An SMPP gateway that nobody here wrote (npm `smpp`), with moods. It writes a line of JSON for each part that it accepts.
//
//   node peer.js LOG [--rough SEED] [--receipts] [--says FILE] [--tls CERTIFICATE KEY]
//
// It listens on a free port of 127.0.0.1 and prints it. With --rough it throttles, refuses for a moment, closes
// connections and stalls; with --receipts it reports each message as delivered, and logs which reports were confirmed.
// With --says it hands over what phones say: each line of FILE, also those that come later, is JSON with `from` and `text`.
'use strict';
const fs = require('fs');
const smpp = require('smpp');
const { generator, logTo, option } = require('./mood');

const [log, ...options] = process.argv.slice(2);
const seed = option(options, '--rough');
const rough = seed !== undefined;
const random = generator(Number(seed));
const receipts = options.includes('--receipts');
const says = option(options, '--says');
const certificate = option(options, '--tls');
const write = logTo(log);

// Which entity sends and which registered text it is, as India's aggregators ask for it.
smpp.addTLV('entity_id', { id: 0x1400, type: smpp.types.tlv.string });
smpp.addTLV('template_id', { id: 0x1401, type: smpp.types.tlv.string });

// The names that receipts use begin anew with each process, so they carry its time.
const run = Date.now().toString(36);
let accepted = 0;

function accept(session, pdu, answer) {
  accepted += 1;
  const id = `${run}-${accepted}`;
  const { message, udh } = pdu.short_message;
  const joined = udh && udh[0] && udh[0][0] === 0 ? { reference: udh[0][2], of: udh[0][3], part: udh[0][4] } : undefined;
  const registered = pdu.entity_id === undefined ? undefined : [pdu.entity_id, pdu.template_id].map(String);
  write({ at: Date.now(), to: pdu.destination_addr, text: message, coding: pdu.data_coding, joined, registered, answered: answer, id });
  if (!answer) return;
  session.send(pdu.response({ message_id: id }));
  if (!receipts) return;
  const text = `id:${id} sub:001 dlvrd:001 submit date:2401051200 done date:2401051201 stat:DELIVRD err:000 text:`;
  const receipt = { source_addr: pdu.destination_addr, esm_class: 4, short_message: text, data_coding: 0 };
  setImmediate(() => session.deliver_sm(receipt, () => write({ confirmed: id })));
}

// What phones say goes to the session that was bound last, each line once.
let current;
let said = 0;
function say() {
  if (!current || !fs.existsSync(says)) return;
  const lines = fs.readFileSync(says, 'utf8').split('\n').slice(said, -1);
  for (const line of lines) {
    const { from, text } = JSON.parse(line);
    const number = (said += 1);
    const sent = { source_addr: from, source_addr_ton: 1, source_addr_npi: 1, destination_addr: 'GRIDWN', short_message: text };
    current.deliver_sm(sent, (answer) => write({ heard: number, status: answer.command_status }));
  }
}
if (says) setInterval(say, 50);

const encrypted = certificate && {
  cert: fs.readFileSync(certificate),
  key: fs.readFileSync(options[options.indexOf('--tls') + 2]),
};
const server = smpp.createServer(encrypted || {}, (session) => {
  session.on('error', () => {});
  session.on('bind_transceiver', (pdu) => {
    const right = pdu.system_id === 'gridwarden' && pdu.password === 'right';
    session.send(pdu.response({ command_status: right ? 0 : smpp.ESME_RINVPASWD }));
    if (!right) session.close();
    else current = session;
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => {
    session.send(pdu.response());
    session.close();
  });
  session.on('submit_sm', (pdu) => {
    const mood = rough ? random() : 1;
    if (mood < 0.02) return session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
    if (mood < 0.06) return session.send(pdu.response({ command_status: smpp.ESME_RSYSERR }));
    if (mood < 0.065) return session.destroy();
    // It has the message, and nobody learns of that.
    if (mood < 0.067) return accept(session, pdu, false);
    if (mood < 0.07) {
      accept(session, pdu, false);
      return session.destroy();
    }
    accept(session, pdu, true);
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
