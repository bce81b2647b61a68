//! Whether a broker answers at all, without librdkafka: its calls may wait for a broker that is away.

use super::client::Connection;
use shell::{Failure, Stop};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long a connection may take, and how long an answer: brokers are slow at times. Several of them share the sum.
const CONNECTS: Duration = Duration::from_millis(500);
const ANSWERS: Duration = Duration::from_millis(1300);
/// How long after a signal the next question comes, if a broker has answered.
const BETWEEN: Duration = Duration::from_millis(250);
/// The request `ApiVersions` of version 0, without a name of a client. Brokers answer it before anybody has logged in; a
/// broker that expects TLS answers anything with an alert, or hangs up.
const QUESTION: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff];

/// A signal calls `last` and ends the process as soon as no broker answers: the calls of librdkafka would otherwise wait,
/// one after the other, until it gives up.
pub fn end_without_a_broker(
    signals: &Stop,
    connection: Connection,
    last: impl FnOnce(&str) + Send + 'static,
) -> Result<(), Failure> {
    let signals = signals.clone();
    let wait = move || {
        let signal = loop {
            if let Some(signal) = signals.signal() {
                break signal;
            }
            thread::sleep(Duration::from_millis(100));
        };
        // A broker may go away while the end is under way, so that it is asked until the process has ended.
        while answers_any(&connection) {
            thread::sleep(BETWEEN);
        }
        last(connection.brokers());
        std::process::exit(128 + i32::from(signal));
    };
    let spawned = thread::Builder::new().name("signals".to_owned()).spawn(wait);
    spawned.map(drop).map_err(|cause| Failure::failed("cannot start a thread", &cause))
}

/// Whether one of the brokers answers. A process that is stopped accepts connections, but says nothing.
fn answers_any(connection: &Connection) -> bool {
    let (sender, receiver) = mpsc::channel();
    for broker in connection.brokers().split(',') {
        // On a thread of its own, because the answer of a name server has no limit of time.
        let (sender, broker) = (sender.clone(), host_and_port(broker));
        thread::spawn(move || {
            let mut addresses = broker.to_socket_addrs().into_iter().flatten();
            if addresses.any(|address| answers(&address)) {
                let _ = sender.send(());
            }
        });
    }
    drop(sender);
    receiver.recv_timeout(CONNECTS + ANSWERS).is_ok()
}

/// Whether anything comes back. An end of the connection is an answer, too: somebody has read the question.
fn answers(address: &SocketAddr) -> bool {
    let ask = || -> io::Result<()> {
        let mut stream = TcpStream::connect_timeout(address, CONNECTS)?;
        stream.set_read_timeout(Some(ANSWERS))?;
        stream.write_all(&QUESTION)?;
        match stream.read(&mut [0]) {
            Err(cause) if cause.kind() != io::ErrorKind::ConnectionReset => Err(cause),
            _ => Ok(()),
        }
    };
    ask().is_ok()
}

/// An address as librdkafka takes it, `PLAINTEXT://host:9092` or a host without its port, as a host with its port.
fn host_and_port(broker: &str) -> String {
    let broker = broker.trim();
    let address = broker.split_once("://").map_or(broker, |(_, address)| address);
    if address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
        address.to_owned()
    } else {
        format!("{address}:9092")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{ClientSettings, Environment};
    use std::net::TcpListener;

    #[test]
    fn a_broker_is_reached_if_it_answers() {
        let settings = ClientSettings::of(&Environment::default()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let reaches = |brokers: &str| answers_any(&settings.connection(brokers));
        // The system accepts the connection, and nobody reads.
        assert!(!reaches(&format!("127.0.0.1:{port}")));
        let answering = thread::spawn(move || {
            // The first is the one of before.
            for stream in listener.incoming().take(2).flatten() {
                let (mut stream, mut asked) = (stream, [0; QUESTION.len()]);
                if stream.read_exact(&mut asked).is_ok() && asked == QUESTION {
                    let _ = stream.write_all(&[0, 0, 0, 4]);
                }
            }
        });
        assert!(reaches(&format!("127.0.0.1:1, PLAINTEXT://127.0.0.1:{port}")));
        answering.join().unwrap();
        assert!(!reaches(&format!("127.0.0.1:{port}")));
        assert!(!reaches("no.such.host.invalid:9092"));
    }

    #[test]
    fn addresses_are_taken_as_librdkafka_takes_them() {
        let taken = ["kafka", "kafka:1", "SASL_SSL://kafka:2", " [::1]:3", "[::1]"].map(host_and_port);
        assert_eq!(taken, ["kafka:9092", "kafka:1", "kafka:2", "[::1]:3", "[::1]:9092"]);
    }
}
