//! A connection to a gateway: bound, kept alive, and made again when it is lost.

use super::pdu::{Body, Pdu, PduError};
use super::stream::{Reading, Stream, Tls};
use crate::registration::Registration;
use crate::secret::Secret;
use std::io::{self, Read};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

/// The first number of our questions whether the other side is there; those of submissions stay below.
const FIRST_ENQUIRY: u32 = 0x7000_0000;

/// How a gateway is reached.
#[derive(Debug, Clone)]
pub struct Smpp {
    /// `HOST:PORT`.
    pub address: String,
    /// Encrypted, if there is any.
    pub tls: Option<Tls>,
    /// The name of the client.
    pub system_id: String,
    /// Its password.
    pub password: Secret,
    /// What kind of client it is; mostly empty.
    pub system_type: String,
    /// Who the messages come from: a number, or a name of up to eleven letters.
    pub sender: String,
    /// What operators ask for with each message, if they do.
    pub registration: Option<Registration>,
    /// So long the other side may take to connect, and to bind.
    pub connect_within: Duration,
    /// After so long without a word the other side is asked whether it is there, and has the same time to answer.
    pub enquire_after: Duration,
    /// The first pause before a new connection; it doubles up to sixty times this.
    pub reconnect_after: Duration,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The name or port is wrong, or nobody listens.
    #[error("cannot reach {address}")]
    Unreachable {
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It refuses us.
    #[error("{address} refuses `{system_id}`: status {status:#04x}")]
    Refused {
        /// Where.
        address: String,
        /// The name of the client.
        system_id: String,
        /// What it answered.
        status: u32,
    },
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] io::Error),
    /// The other side ended it.
    #[error("the gateway ended the session")]
    Ended,
    /// It is silent.
    #[error("the gateway does not answer")]
    Silent,
    /// It does not speak SMPP.
    #[error("the gateway sends what is no SMPP")]
    Garbled(#[source] PduError),
}

/// What a gateway says.
#[derive(Debug)]
pub enum Heard {
    /// It is connected and bound.
    Up {
        /// Where to write.
        link: Link,
    },
    /// A message came.
    Came {
        /// Of which connection.
        session: u64,
        /// What came.
        pdu: Pdu,
    },
    /// The connection is gone, or could not be made.
    Down {
        /// Which connection.
        session: u64,
        /// Why.
        problem: Problem,
    },
}

/// The way to write to a connection.
#[derive(Debug, Clone)]
pub struct Link {
    /// Which connection it is. An earlier one never comes back.
    pub session: u64,
    stream: Stream,
}

impl Link {
    /// Writes some messages at once.
    pub fn write(&self, pdus: &[Pdu]) -> io::Result<()> {
        let mut bytes = Vec::new();
        pdus.iter().for_each(|pdu| pdu.write(&mut bytes));
        self.stream.write(&bytes)
    }

    /// Closes the connection. Its reader reports that it is gone.
    pub fn close(&self) {
        self.stream.close();
    }
}

/// Keeps a gateway connected until `stop` is set or nobody listens any more: connects, binds, reads, and begins again
/// after a pause.
pub fn connect<T: Send + 'static>(
    smpp: Smpp,
    stop: Arc<AtomicBool>,
    to: Sender<T>,
    wrap: impl Fn(Heard) -> T + Send + 'static,
) -> io::Result<thread::JoinHandle<()>> {
    let run = move || {
        let mut pause = smpp.reconnect_after;
        for session in 1.. {
            let problem = match open(&smpp, session) {
                Ok((link, reader)) => {
                    pause = smpp.reconnect_after;
                    if to.send(wrap(Heard::Up { link: link.clone() })).is_err() {
                        return;
                    }
                    read(reader, &link, |pdu| to.send(wrap(Heard::Came { session, pdu })).is_ok())
                }
                Err(problem) => problem,
            };
            if to.send(wrap(Heard::Down { session, problem })).is_err() || stop.load(Ordering::Relaxed) {
                return;
            }
            thread::sleep(pause);
            pause = (pause * 2).min(smpp.reconnect_after * 60);
        }
    };
    thread::Builder::new().name("smpp".to_owned()).spawn(run)
}

/// A connection that is bound, and its reading end.
fn open(smpp: &Smpp, session: u64) -> Result<(Link, Reader), Problem> {
    let unreachable = |source| Problem::Unreachable { address: smpp.address.clone(), source };
    let mut addresses = smpp.address.to_socket_addrs().map_err(unreachable)?;
    let nowhere = || unreachable(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    let address = addresses.next().ok_or_else(nowhere)?;
    let stream = TcpStream::connect_timeout(&address, smpp.connect_within).map_err(unreachable)?;
    stream.set_nodelay(true).map_err(Problem::Broken)?;
    stream.set_read_timeout(Some(smpp.connect_within)).map_err(Problem::Broken)?;
    stream.set_write_timeout(Some(smpp.connect_within)).map_err(Problem::Broken)?;
    let (stream, reading) = Stream::open(stream, smpp.tls.as_ref()).map_err(unreachable)?;
    let mut reader = Reader { stream: reading, bytes: Vec::new() };
    let link = Link { session, stream };
    let bind = Body::BindTransceiver {
        system_id: smpp.system_id.clone(),
        password: smpp.password.reveal().to_owned(),
        system_type: smpp.system_type.clone(),
    };
    link.write(&[Pdu::new(1, bind)]).map_err(Problem::Broken)?;
    loop {
        let pdu = match reader.next()? {
            Next::Pdu(pdu) => pdu,
            Next::Nothing => return Err(Problem::Silent),
        };
        match pdu {
            Pdu { body: Body::BindTransceiverResp, status: 0, .. } => break,
            Pdu { body: Body::BindTransceiverResp | Body::GenericNack, status, .. } => {
                let (address, system_id) = (smpp.address.clone(), smpp.system_id.clone());
                return Err(Problem::Refused { address, system_id, status });
            }
            _ => {}
        }
    }
    reader.stream.wait_for(smpp.enquire_after).map_err(Problem::Broken)?;
    Ok((link, reader))
}

/// Reads until the connection ends, and answers what has nothing to do with messages.
fn read(mut reader: Reader, link: &Link, mut take: impl FnMut(Pdu) -> bool) -> Problem {
    let (mut is_asked, mut enquiry) = (false, FIRST_ENQUIRY);
    loop {
        let pdu = match reader.next() {
            Ok(Next::Pdu(pdu)) => pdu,
            Ok(Next::Nothing) if is_asked => {
                link.close();
                return Problem::Silent;
            }
            Ok(Next::Nothing) => {
                (is_asked, enquiry) = (true, enquiry + 1);
                if let Err(source) = link.write(&[Pdu::new(enquiry, Body::EnquireLink)]) {
                    return Problem::Broken(source);
                }
                continue;
            }
            Err(problem) => {
                link.close();
                return problem;
            }
        };
        is_asked = false;
        let answer = match &pdu.body {
            Body::EnquireLink => Some(Body::EnquireLinkResp),
            Body::Unbind => Some(Body::UnbindResp),
            Body::Other(command) if command & 0x8000_0000 == 0 => Some(Body::GenericNack),
            Body::EnquireLinkResp => continue,
            _ => None,
        };
        let Some(answer) = answer else {
            if !take(pdu) {
                return Problem::Ended;
            }
            continue;
        };
        // 3 is "invalid command", for what is not known here.
        let status = if answer == Body::GenericNack { 3 } else { 0 };
        let is_end = answer == Body::UnbindResp;
        if let Err(source) = link.write(&[Pdu { status, sequence: pdu.sequence, body: answer }]) {
            return Problem::Broken(source);
        }
        if is_end {
            link.close();
            return Problem::Ended;
        }
    }
}

/// The reading end of a connection, with what came of the next message so far.
struct Reader {
    stream: Reading,
    bytes: Vec<u8>,
}

enum Next {
    Pdu(Pdu),
    /// Nothing came for as long as the read timeout.
    Nothing,
}

impl Reader {
    fn next(&mut self) -> Result<Next, Problem> {
        loop {
            if let Some((pdu, length)) = Pdu::read(&self.bytes).map_err(Problem::Garbled)? {
                self.bytes.drain(..length);
                return Ok(Next::Pdu(pdu));
            }
            let mut more = [0; 4096];
            match self.stream.read(&mut more) {
                Ok(0) => return Err(Problem::Ended),
                Ok(count) => self.bytes.extend_from_slice(&more[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    return Ok(Next::Nothing);
                }
                Err(error) => return Err(Problem::Broken(error)),
            }
        }
    }
}
