//! A server of any routes, on threads of its own, with limits for clients.

use crate::ListenError;
use crate::connections::{self, Limits};
use axum::Router;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::thread::{self, JoinHandle};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

/// The running server. It stops when this is dropped.
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves the routes at `HOST:PORT`, as [`LIMITS_OF_API`](crate::LIMITS_OF_API) allow, on so many threads. With port 0
    /// the system chooses a free port, which [`Self::address`] returns. `ended` is called if the server fails before this is
    /// dropped.
    pub fn start<E>(
        address: &str,
        routes: Router,
        limits: Limits,
        workers: usize,
        ended: E,
    ) -> Result<Self, ListenError>
    where
        E: FnOnce(&io::Error) + Send + 'static,
    {
        let listener = listen(address)?;
        let failed = |source| ListenError::Failed { address: address.to_owned(), source };
        let runtime = Builder::new_multi_thread().worker_threads(workers).enable_all().build();
        Self::serve(listener, runtime.map_err(failed)?, routes, limits, ended).map_err(failed)
    }

    pub(crate) fn serve<E>(
        listener: TcpListener,
        runtime: Runtime,
        routes: Router,
        limits: Limits,
        ended: E,
    ) -> io::Result<Self>
    where
        E: FnOnce(&io::Error) + Send + 'static,
    {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let serve = async move {
            // `from_std` needs a listener that does not block, which `set_nonblocking` has made of it.
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::select! {
                never = connections::serve(listener, routes, limits) => match never {},
                _ = stopped => io::Result::Ok(()),
            }
        };
        let thread = thread::Builder::new().name("http".to_owned()).spawn(move || {
            // Answers under way are cut off with the runtime. Who asked asks again.
            if let Err(cause) = runtime.block_on(serve) {
                ended(&cause);
            }
        })?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// The address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was already printed when it happened.
            drop(thread.join());
        }
    }
}

pub(crate) fn listen(address: &str) -> Result<TcpListener, ListenError> {
    let asked = || address.to_owned();
    let found = address.to_socket_addrs();
    let found = found.map_err(|source| ListenError::NoAddress { address: asked(), source })?;
    // A name may have several addresses, and this machine may have only some of them. The first that works is used.
    TcpListener::bind(found.collect::<Vec<_>>().as_slice()).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::Taken { address: asked() },
        _ => ListenError::Failed { address: asked(), source },
    })
}
