//! Whether a broker can be reached at all, without librdkafka: its calls may wait for a broker that is away.

use super::client::Connection;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long a connection may take. Several brokers share twice this time.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whether one of the brokers accepts a connection. It may still have no time for questions.
pub fn accepts_any(connection: &Connection) -> bool {
    let (sender, receiver) = mpsc::channel();
    for broker in connection.brokers().split(',') {
        // On a thread of its own, because the answer of a name server has no limit of time.
        let (sender, broker) = (sender.clone(), host_and_port(broker));
        thread::spawn(move || {
            let mut addresses = broker.to_socket_addrs().into_iter().flatten();
            if addresses.any(|address| TcpStream::connect_timeout(&address, PATIENCE).is_ok()) {
                let _ = sender.send(());
            }
        });
    }
    drop(sender);
    receiver.recv_timeout(2 * PATIENCE).is_ok()
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
    fn a_broker_is_reached_if_it_accepts_a_connection() {
        let settings = ClientSettings::of(&Environment::default()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let reaches = |brokers: &str| accepts_any(&settings.connection(brokers));
        assert!(reaches(&format!("127.0.0.1:1, PLAINTEXT://127.0.0.1:{port}")));
        drop(listener);
        assert!(!reaches(&format!("127.0.0.1:{port}")));
        assert!(!reaches("no.such.host.invalid:9092"));
    }

    #[test]
    fn addresses_are_taken_as_librdkafka_takes_them() {
        let taken = ["kafka", "kafka:1", "SASL_SSL://kafka:2", " [::1]:3", "[::1]"].map(host_and_port);
        assert_eq!(taken, ["kafka:9092", "kafka:1", "kafka:2", "[::1]:3", "[::1]:9092"]);
    }
}
