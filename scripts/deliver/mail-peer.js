// A mail server that nobody here wrote (npm `smtp-server`); npm's `mailparser` reads what came. It writes a line of JSON for
// each e-mail.
//
//   node mail-peer.js LOG CERTIFICATE KEY [--rough SEED]
//
// It listens on a free port of 127.0.0.1 and prints it, and asks for STARTTLS and a password. There is no mailbox
// `nobody@`. With --rough it refuses for a moment, and ends sessions before or after it took an e-mail.
'use strict';
const fs = require('fs');
const { SMTPServer } = require('smtp-server');
const { simpleParser } = require('mailparser');
const { generator, logTo, option } = require('./mood');

const [log, certificate, key, ...options] = process.argv.slice(2);
const seed = option(options, '--rough');
const random = seed === undefined ? () => 1 : generator(Number(seed));
const write = logTo(log);

const refuse = (code) => Object.assign(new Error('not now'), { responseCode: code });

const server = new SMTPServer({
  cert: fs.readFileSync(certificate),
  key: fs.readFileSync(key),
  logger: false,
  onAuth: ({ username, password }, session, done) =>
    username === 'gridwarden' && password === 'right' ? done(null, { user: username }) : done(refuse(535)),
  onRcptTo: ({ address }, session, done) => done(address.startsWith('nobody@') ? refuse(550) : null),
  onData: (stream, session, done) => {
    const mood = random();
    simpleParser(stream).then((mail) => {
      if (mood < 0.04) return done(refuse(451));
      const answered = mood >= 0.06;
      if (mood < 0.05) return server.connections.forEach((one) => one.session.id === session.id && one._socket.destroy());
      write({
        to: mail.to.text,
        subject: mail.subject,
        text: mail.text,
        id: mail.messageId,
        from: mail.from.text,
        secure: session.secure,
        answered,
      });
      if (answered) return done(null, 'taken');
      server.connections.forEach((one) => one.session.id === session.id && one._socket.destroy());
    });
  },
});
server.on('error', () => {});
server.listen(0, '127.0.0.1', () => console.log(server.server.address().port));
