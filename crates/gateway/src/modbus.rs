//! Meters that are asked over Modbus TCP. Whoever can reach them can read them: only the commands are sealed.

use crate::meters::{MeterRow, ModbusAddress};
use crate::serve::{Shared, now};
use meter_wire::command::{Acknowledgement, Outcome};
use meter_wire::modbus::registers::{INPUTS, MAILBOX, MAP_VERSION};
use meter_wire::{EVENTS, Refusal};
use reading::{EventCode, EventTime, MeterId, Phases, RawReading};
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::thread;
use std::time::Duration;
use units::{Milliamperes, Millihertz, Millivars, Millivolts, Milliwatts, WattHours};

const CONNECT: Duration = Duration::from_secs(5);
const SLICE: Duration = Duration::from_millis(100);

/// A client of one unit.
struct Client {
    stream: TcpStream,
    unit: u8,
    transaction: u16,
}

/// What the registers say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) raw: RawReading,
    pub(crate) command: Option<Acknowledgement>,
}

/// Asks a meter again and again until the gateway ends.
pub(crate) fn poll(shared: &Shared, own: usize, row: &MeterRow, address: &ModbusAddress, every: Duration) {
    let mut client = None;
    let (mut last, mut told) = (None, false);
    while !shared.is_stopped() {
        let asked = round(shared, own, row, address, &mut client, &mut last);
        match asked {
            Ok(()) => told = false,
            Err(cause) => {
                client = None;
                shared.lose(row.title, own);
                if !told {
                    shell::telemetry::modbus_meter_away(row.name.as_str(), &cause);
                }
                told = true;
            }
        }
        let mut waited = Duration::ZERO;
        while waited < every && !shared.is_stopped() {
            thread::sleep(SLICE.min(every));
            waited += SLICE;
        }
    }
}

fn round(
    shared: &Shared,
    own: usize,
    row: &MeterRow,
    address: &ModbusAddress,
    client: &mut Option<Client>,
    last: &mut Option<EventTime>,
) -> io::Result<()> {
    let client = match client {
        Some(client) => client,
        None => client.insert(Client::connect(address)?),
    };
    for message in shared.take_outgoing(own) {
        // A receipt has nothing to say to a meter that is asked.
        if message.get(1) == Some(&129) {
            client.mail(&message)?;
        }
    }
    let words = client.inputs()?;
    let seen = read(row.name, &words).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("its table of registers is not version {MAP_VERSION}"),
        )
    })?;
    shared.reach(row.title, own);
    let mut store = shared.store();
    if *last != Some(seen.raw.time) {
        *last = Some(seen.raw.time);
        store.desk.read(row.title, &seen.raw, now());
    }
    if let Some(answer) = seen.command {
        store.desk.answer(row.title, answer);
    }
    Ok(())
}

impl Client {
    fn connect(address: &ModbusAddress) -> io::Result<Self> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for socket in address.host.to_socket_addrs()? {
            match TcpStream::connect_timeout(&socket, CONNECT) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(CONNECT))?;
                    stream.set_write_timeout(Some(CONNECT))?;
                    stream.set_nodelay(true)?;
                    return Ok(Self { stream, unit: address.unit, transaction: 0 });
                }
                Err(cause) => last = cause,
            }
        }
        Err(last)
    }

    fn inputs(&mut self) -> io::Result<[u16; INPUTS]> {
        let answer = self.ask(&[4, 0, 0, 0, INPUTS as u8])?;
        let bytes = answer.get(2..).filter(|bytes| bytes.len() == 2 * INPUTS).ok_or_else(unexpected)?;
        let mut words = [0; INPUTS];
        for (word, pair) in words.iter_mut().zip(bytes.chunks_exact(2)) {
            *word = u16::from_be_bytes([pair[0], pair[1]]);
        }
        Ok(words)
    }

    /// Puts a sealed message into the mailbox.
    fn mail(&mut self, message: &[u8]) -> io::Result<()> {
        let words = 1 + message.len().div_ceil(2);
        let mut request = vec![16];
        request.extend(MAILBOX.to_be_bytes());
        request.extend((words as u16).to_be_bytes());
        request.push((2 * words) as u8);
        request.extend((message.len() as u16).to_be_bytes());
        request.extend(message);
        request.resize(6 + 2 * words, 0);
        self.ask(&request).map(drop)
    }

    /// Sends a request: the answer behind its unit.
    fn ask(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        self.transaction = self.transaction.wrapping_add(1);
        let length = (request.len() + 1) as u16;
        let [high, low] = self.transaction.to_be_bytes();
        let [long, short] = length.to_be_bytes();
        let mut frame = vec![high, low, 0, 0, long, short, self.unit];
        frame.extend(request);
        self.stream.write_all(&frame)?;
        let mut front = [0; 7];
        self.stream.read_exact(&mut front)?;
        let length = usize::from(u16::from_be_bytes([front[4], front[5]]));
        if front[..4] != [high, low, 0, 0] || front[6] != self.unit || !(3..=254).contains(&length) {
            return Err(unexpected());
        }
        let mut answer = vec![0; length - 1];
        self.stream.read_exact(&mut answer)?;
        if answer[0] != request[0] {
            let what = format!("it answers with exception {}", answer.get(1).copied().unwrap_or(0));
            return Err(io::Error::other(what));
        }
        Ok(answer)
    }
}

fn unexpected() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "its answer is none to what was asked")
}

/// A reading out of the registers; `None` if they are of another version.
pub(crate) fn read(name: MeterId, words: &[u16; INPUTS]) -> Option<Seen> {
    let four = |at: usize| {
        let word = |place: usize| u64::from(words[at + place]);
        (word(0) << 48 | word(1) << 32 | word(2) << 16 | word(3)) as i64
    };
    let two = |at: usize| (u32::from(words[at]) << 16 | u32::from(words[at + 1])) as i32;
    let measured = |at: usize| Some(two(at)).filter(|value| *value != i32::MIN);
    let power = |at: usize| Some(four(at)).filter(|value| *value != i64::MIN);
    if words[0] != MAP_VERSION {
        return None;
    }
    let state = words[1];
    let mut raw = RawReading::new(name, EventTime(i64::from(two(2) as u32) * 1_000));
    raw.imp = Some(WattHours(four(4)));
    raw.exp = Some(WattHours(four(8)));
    raw.v = measured(12).map(|value| Phases::One(Millivolts(value)));
    raw.i = measured(14).map(|value| Phases::One(Milliamperes(value)));
    raw.neutral = measured(16).map(Milliamperes);
    raw.p = power(18).map(|value| Phases::One(Milliwatts(value)));
    raw.q = power(22).map(|value| Phases::One(Millivars(value)));
    raw.f = measured(26).map(Millihertz);
    raw.v_load = measured(28).map(Millivolts);
    raw.seq = Some(four(30) as u64);
    raw.events =
        words[34..34 + EVENTS].iter().filter(|code| **code != 0).map(|code| EventCode(*code)).collect();
    raw.relay = (state & 2 != 0).then_some(state & 1 != 0);
    let outcome = match words[42] {
        0 => None,
        1 => Some(Outcome::Done),
        code => Refusal::from_code(code as u8).map(Outcome::Refused),
    };
    let command = outcome.map(|outcome| Acknowledgement { number: four(38) as u64, outcome });
    Some(Seen { raw, command })
}
