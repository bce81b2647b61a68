// A receiver of webhooks and two gateways for SMS over HTTP or HTTPS. Webhooks are verified by npm's `standardwebhooks`,
// which nobody here wrote. It writes a line of JSON for each message that it takes.
//
//   node http-peer.js LOG [--rough SEED] [--tls CERTIFICATE KEY]
//
// It listens on a free port of 127.0.0.1 and prints it. With --rough it answers 429 and 500, and closes connections before
// or after it took a message.
'use strict';
const fs = require('fs');
const { Webhook } = require('standardwebhooks');
const { generator, logTo, option } = require('./mood');

const [log, ...options] = process.argv.slice(2);
const seed = option(options, '--rough');
const random = seed === undefined ? () => 1 : generator(Number(seed));
const certificate = option(options, '--tls');
const write = logTo(log);
const webhook = new Webhook(process.env.HOOK_SECRET);
let taken = 0;

// What of a request is a message: undefined if the request is not allowed, and an answer for one that is taken.
const doors = {
  '/hook': (request, body) => {
    try {
      webhook.verify(body, request.headers);
    } catch (error) {
      return undefined;
    }
    return { to: JSON.parse(body).to, text: body, id: request.headers['webhook-id'] };
  },
  '/2010-04-01/Accounts/AC1/Messages.json': (request, body) => {
    const right = `Basic ${Buffer.from('AC1:right').toString('base64')}`;
    const form = new URLSearchParams(body);
    return request.headers.authorization === right
      ? { to: form.get('To'), text: form.get('Body'), from: form.get('From') }
      : undefined;
  },
  '/send': (request, body) => {
    if (request.headers.authorization !== 'Bearer right') return undefined;
    const { to, text, from, registered } = JSON.parse(body);
    return { to, text, from, registered };
  },
};

function answer(request, response, body) {
  const door = doors[request.url];
  const message = door && door(request, body);
  if (!door) return response.writeHead(404).end();
  if (!message) return response.writeHead(401).end();
  const mood = random();
  if (mood < 0.03) return response.writeHead(429).end();
  if (mood < 0.08) return response.writeHead(500).end('no "+919800000001" today');
  if (mood < 0.09) return request.socket.destroy();
  taken += 1;
  const id = `r${taken}`;
  const answered = mood >= 0.1;
  write({ door: request.url, remote: id, answered, ...message });
  if (!answered) return request.socket.destroy();
  response.writeHead(201, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ sid: id, message: { id } }));
}

function take(request, response) {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => answer(request, response, Buffer.concat(pieces).toString('utf8')));
}

const server = certificate
  ? require('https').createServer(
      { cert: fs.readFileSync(certificate), key: fs.readFileSync(options[options.indexOf('--tls') + 2]) },
      take,
    )
  : require('http').createServer(take);
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
