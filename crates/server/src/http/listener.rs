//! A listener with bounds: sockets that nobody speaks on must not use up the files that the engines need, and those of one address
//! not the places of all others.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use crisislens_realtime::Sink;
use metrics::counter;
use rustix::io::Errno;
use rustix::net::SendFlags;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

use crate::config::Http;
use crate::live::address::Proxies;
use crate::live::places::network;

/// Files that the engines may have open beside the sockets.
const FILES_KEPT: u64 = 512;
/// While an answer waits to be taken it lies in memory: a client that takes less than [`LEAST_TAKEN`] of it in so long is let go.
pub const SLOWEST: Duration = Duration::from_secs(60);
/// Bytes; a kilobyte a second, which the slowest of phone networks carry.
pub const LEAST_TAKEN: usize = 60 * 1024;

/// Accepts while fewer than the bound are open; of an address that has its share, sockets are closed at once.
pub struct Limited {
    inner: TcpListener,
    places: Arc<Semaphore>,
    shares: Arc<Shares>,
}

/// How many sockets each address has open.
struct Shares {
    /// Most of one address; 0 for no bound.
    most: usize,
    /// Whose sockets are those of many clients.
    proxies: Proxies,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// A socket's part of its address's share; none where there is no bound.
struct Share(Option<(Arc<Shares>, IpAddr)>);

impl Shares {
    /// A part for a socket of `address`; none where it has all.
    fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Share> {
        if self.most == 0 || self.proxies.trusts(address.to_canonical()) {
            return Some(Share(None));
        }
        let address = network(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Share(Some((Arc::clone(self), address))))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let Some((shares, address)) = &self.0 else { return };
        let mut open = shares.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(address) {
            *count -= 1;
            if *count == 0 {
                open.remove(address);
            }
        }
    }
}

impl Limited {
    /// As many as are configured, and fewer where the system allows fewer files. Raises the soft limit of files to the hard one.
    pub fn new(inner: TcpListener, config: &Http) -> Self {
        let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024);
        let spare = usize::try_from(files.saturating_sub(FILES_KEPT).max(64)).unwrap_or(usize::MAX);
        let sockets = config.max_sockets.min(spare).min(Semaphore::MAX_PERMITS);
        tracing::info!(files, sockets, "limits");
        let (most, proxies) = (config.max_sockets_per_address, Proxies::new(config));
        let shares = Arc::new(Shares { most, proxies, open: Mutex::default() });
        Self { inner, places: Arc::new(Semaphore::new(sockets)), shares }
    }
}

impl Listener for Limited {
    type Io = Held;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Held, SocketAddr) {
        loop {
            // The semaphore is never closed.
            let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
                std::future::pending::<()>().await;
                continue;
            };
            let (stream, peer) = Listener::accept(&mut self.inner).await;
            let Some(share) = self.shares.enter(peer.ip()) else {
                tracing::debug!(%peer, "its address has its share of the sockets");
                counter!("crisislens_server_sockets_refused_total").increment(1);
                continue;
            };
            let _ = stream.set_nodelay(true);
            return (Held { stream, waiting: None, _share: share, _place: place }, peer);
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// A socket that gives its place back when it closes.
pub struct Held {
    stream: TcpStream,
    /// Runs while there is more to write than the client has taken.
    waiting: Option<Waiting>,
    _share: Share,
    _place: OwnedSemaphorePermit,
}

struct Waiting {
    ends: Pin<Box<Sleep>>,
    /// Bytes since it runs.
    taken: usize,
}

impl Held {
    /// The socket, for a transport that has left HTTP.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// `written`, or an error where too little could be written for too long.
    fn patient(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let Poll::Ready(written) = written else {
            let ends = || Box::pin(tokio::time::sleep(SLOWEST));
            let waiting = self.waiting.get_or_insert_with(|| Waiting { ends: ends(), taken: 0 });
            return waiting.ends.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()));
        };
        if let (Some(waiting), Ok(bytes)) = (&mut self.waiting, &written) {
            waiting.taken += bytes;
            if waiting.taken >= LEAST_TAKEN {
                self.waiting = None;
            }
        }
        Poll::Ready(written)
    }
}

impl Sink for Held {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match rustix::net::send(&self.stream, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            // Again the runtime's way, which takes note of it and wakes whoever waits to write.
            Err(Errno::WOULDBLOCK) => self.stream.try_write(bytes),
            sent => Ok(sent?),
        }
    }
}

impl AsyncRead for Held {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Held {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.patient(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // All is written.
        self.waiting = None;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.patient(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn limited(per_address: usize, proxies: &[&str]) -> (Limited, SocketAddr) {
        let trusted_proxies = proxies.iter().map(|&proxy| proxy.to_owned()).collect();
        let config = Http { trusted_proxies, max_sockets_per_address: per_address, ..Http::default() };
        let listener = Limited::new(TcpListener::bind("127.0.0.1:0").await.unwrap(), &config);
        let address = Listener::local_addr(&listener).unwrap();
        (listener, address)
    }

    #[tokio::test]
    async fn an_address_has_its_share_and_gets_a_place_back_for_each_socket_that_closes() {
        let (mut listener, address) = limited(2, &[]).await;
        let _clients =
            [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
        let (first, _) = listener.accept().await;
        let (_second, _) = listener.accept().await;
        let mut third = TcpStream::connect(address).await.unwrap();
        let accepting = tokio::spawn(async move { (listener.accept().await, listener) });
        let closed = tokio::time::timeout(Duration::from_secs(10), third.read(&mut [0])).await;
        assert_eq!(closed.unwrap().unwrap_or(0), 0, "it is closed at once");
        drop(first);
        let fourth = TcpStream::connect(address).await.unwrap();
        let accepted = tokio::time::timeout(Duration::from_secs(10), accepting).await.unwrap();
        let ((_held, peer), listener) = accepted.unwrap();
        assert_eq!(peer, fourth.local_addr().unwrap());
        assert_eq!(listener.shares.open.lock().unwrap().values().sum::<usize>(), 2);
    }

    #[tokio::test]
    async fn a_trusted_proxy_brings_the_sockets_of_many() {
        let (mut listener, address) = limited(1, &["127.0.0.0/8"]).await;
        let mut held = Vec::new();
        for _ in 0..3 {
            let _client = TcpStream::connect(address).await.unwrap();
            held.push(listener.accept().await);
        }
        assert_eq!(held.len(), 3);
    }

    /// The clock runs ahead whenever nothing else happens.
    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_let_go() {
        let (mut listener, address) = limited(0, &[]).await;
        let _client = TcpStream::connect(address).await.unwrap();
        let (mut held, _) = listener.accept().await;
        let answer = vec![0; 64 << 20];
        let started = tokio::time::Instant::now();
        let error = held.write_all(&answer).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(started.elapsed() >= SLOWEST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_a_little_now_and_then_is_let_go_and_a_slow_one_is_not() {
        let (mut listener, address) = limited(0, &[]).await;
        let _client = TcpStream::connect(address).await.unwrap();
        let (mut held, _) = listener.accept().await;
        let mut wait = async |bytes: usize| {
            let pending = poll_fn(|cx| Poll::Ready(held.patient(cx, Poll::Pending)));
            let is_over = pending.await.is_ready();
            tokio::time::advance(Duration::from_secs(20)).await;
            let _ = poll_fn(|cx| held.patient(cx, Poll::Ready(Ok(bytes)))).await;
            is_over
        };
        for _ in 0..10 {
            assert!(!wait(LEAST_TAKEN / 2).await, "as much as it must");
        }
        let drips = [wait(1).await, wait(1).await, wait(1).await, wait(1).await, wait(1).await];
        assert_eq!(drips.iter().position(|is_over| *is_over), Some(3), "{drips:?}");
        held.flush().await.unwrap();
        assert!(held.waiting.is_none(), "the next answer has its own time");
    }
}
