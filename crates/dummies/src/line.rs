//! The serial line of a meter, as frames over TCP.

use meter_wire::line::LONGEST;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

/// A gateway that is away is tried again after this.
const AGAIN: Duration = Duration::from_secs(2);

/// A gateway that takes nothing for so long is away.
const STUCK: Duration = Duration::from_secs(5);

/// A line to one gateway.
pub struct Line {
    to: String,
    stream: Option<TcpStream>,
    next_try: Option<Instant>,
}

impl Line {
    /// Not connected yet.
    pub fn new(to: &str) -> Self {
        Self { to: to.to_owned(), stream: None, next_try: None }
    }

    /// Connects if it is time to: `true` if the line is new.
    #[expect(clippy::disallowed_methods, reason = "a dummy's line is real")]
    pub fn connect(&mut self) -> bool {
        if self.stream.is_some() || self.next_try.is_some_and(|next| Instant::now() < next) {
            return false;
        }
        let connected = TcpStream::connect(&self.to).and_then(|stream| {
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            Ok(stream)
        });
        self.next_try = Some(Instant::now() + AGAIN);
        self.stream = connected.ok();
        self.is_up()
    }

    /// Whether what is sent may arrive.
    pub fn is_up(&self) -> bool {
        self.stream.is_some()
    }

    /// Hands each byte that came to `hear`.
    pub fn hear(&mut self, mut hear: impl FnMut(u8)) {
        let (Some(stream), mut bytes) = (&mut self.stream, [0; LONGEST]) else { return };
        loop {
            match stream.read(&mut bytes) {
                Ok(0) => break self.stream = None,
                Ok(count) => bytes[..count].iter().for_each(|byte| hear(*byte)),
                Err(cause) if cause.kind() == ErrorKind::WouldBlock => break,
                Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
                Err(_) => break self.stream = None,
            }
        }
    }

    /// Sends a frame.
    pub fn say(&mut self, frame: &[u8]) {
        if let Some(stream) = &mut self.stream
            && write(stream, frame).is_err()
        {
            self.stream = None;
        }
    }
}

/// Writes all of it to a socket that does not block.
fn write(stream: &mut TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    let mut waited = Duration::ZERO;
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(cause) if cause.kind() == ErrorKind::WouldBlock && waited < STUCK => {
                let pause = Duration::from_millis(1);
                thread::sleep(pause);
                waited += pause;
            }
            Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(())
}
