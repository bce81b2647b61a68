//! A connection in the open or encrypted, that one thread reads while others write.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// Whom to trust, and the name that the gateway's certificate must have.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls with {:?}", self.name)
    }
}

/// Why there can be no TLS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The certificates of the authority are none.
    #[error("no certificate in PEM can be read")]
    NoCertificate,
    /// The host is neither a name nor an address.
    #[error("`{host}` is no name that a certificate can have")]
    NoName {
        /// What it is.
        host: String,
    },
}

impl Tls {
    /// TLS with the host of this name. With `authority`, certificates in PEM, it trusts those instead of the system's.
    pub fn with(host: &str, authority: Option<&[u8]>) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        match authority {
            None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
            Some(pem) => {
                let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
                let (usable, _) = roots.add_parsable_certificates(all.map_err(|_| TlsError::NoCertificate)?);
                if usable == 0 {
                    return Err(TlsError::NoCertificate);
                }
            }
        }
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|_| TlsError::NoName { host: host.to_owned() })?;
        // Named, because other parts of the program may bring another one.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has both versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { config: Arc::new(config), name })
    }
}

/// The end to write to, of which there may be several.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    socket: Arc<Mutex<Socket>>,
}

#[derive(Debug)]
struct Socket {
    tcp: TcpStream,
    tls: Option<Box<ClientConnection>>,
}

/// The end to read from. It waits without holding up those who write.
pub(super) struct Reading {
    tcp: TcpStream,
    stream: Stream,
}

impl Stream {
    /// Makes a connection of a socket: with TLS, the handshake is over when this returns.
    pub(super) fn open(mut tcp: TcpStream, tls: Option<&Tls>) -> io::Result<(Self, Reading)> {
        let tls = match tls {
            None => None,
            Some(Tls { config, name }) => {
                let connection = ClientConnection::new(Arc::clone(config), name.clone());
                let mut connection = connection.map_err(io::Error::other)?;
                while connection.is_handshaking() {
                    connection.complete_io(&mut tcp)?;
                }
                Some(Box::new(connection))
            }
        };
        let reading = tcp.try_clone()?;
        let stream = Self { socket: Arc::new(Mutex::new(Socket { tcp, tls })) };
        Ok((stream.clone(), Reading { tcp: reading, stream }))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Socket) -> T) -> T {
        act(&mut self.socket.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.with(|socket| match &mut socket.tls {
            None => socket.tcp.write_all(bytes),
            Some(tls) => {
                tls.writer().write_all(bytes)?;
                flush(tls, &mut socket.tcp)
            }
        })
    }

    pub(super) fn close(&self) {
        self.with(|socket| {
            if let Some(tls) = &mut socket.tls {
                tls.send_close_notify();
                // It may be closed already.
                drop(flush(tls, &mut socket.tcp));
            }
            drop(socket.tcp.shutdown(Shutdown::Both));
        });
    }
}

fn flush(tls: &mut ClientConnection, tcp: &mut TcpStream) -> io::Result<()> {
    while tls.wants_write() {
        tls.write_tls(tcp)?;
    }
    Ok(())
}

impl Reading {
    /// What a read waits for at most.
    pub(super) fn wait_for(&self, at_most: std::time::Duration) -> io::Result<()> {
        self.tcp.set_read_timeout(Some(at_most))
    }
}

impl Read for Reading {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let is_plain = self.stream.with(|socket| socket.tls.is_none());
        if is_plain {
            return self.tcp.read(into);
        }
        loop {
            // What came with the handshake, or is left of a longer record.
            match self.stream.with(|socket| decrypted(socket, &[], into)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
            let mut raw = [0; 4096];
            let count = self.tcp.read(&mut raw)?;
            if count == 0 {
                return Ok(0);
            }
            match self.stream.with(|socket| decrypted(socket, &raw[..count], into)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
        }
    }
}

/// Takes bytes as they came, and hands out what they say, if that is whole.
fn decrypted(socket: &mut Socket, mut raw: &[u8], into: &mut [u8]) -> io::Result<usize> {
    let Socket { tcp, tls: Some(tls) } = socket else { return Ok(0) };
    while !raw.is_empty() {
        tls.read_tls(&mut raw)?;
        let state = tls.process_new_packets();
        state.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    }
    // An answer of TLS itself, such as to a new key.
    flush(tls, tcp)?;
    tls.reader().read(into)
}
