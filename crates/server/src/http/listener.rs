//! A listener with a bound: sockets that nobody speaks on must not use up the files that the engines need.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use crisislens_realtime::Sink;
use rustix::io::Errno;
use rustix::net::SendFlags;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

/// Files that the engines may have open beside the sockets.
const FILES_KEPT: u64 = 512;
/// A client that takes nothing of an answer for so long is let go: the answer waits in memory.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

/// Accepts while fewer than the bound are open.
pub struct Limited {
    inner: TcpListener,
    places: Arc<Semaphore>,
}

impl Limited {
    /// At most `sockets`, and fewer where the system allows fewer files. Raises the soft limit of files to the hard one.
    pub fn new(inner: TcpListener, sockets: usize) -> Self {
        let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024);
        let spare = usize::try_from(files.saturating_sub(FILES_KEPT).max(64)).unwrap_or(usize::MAX);
        let sockets = sockets.min(spare).min(Semaphore::MAX_PERMITS);
        tracing::info!(files, sockets, "limits");
        Self { inner, places: Arc::new(Semaphore::new(sockets)) }
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
            let _ = stream.set_nodelay(true);
            return (Held { stream, stalled: None, _place: place }, peer);
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// A socket that gives its place back when it closes.
pub struct Held {
    stream: TcpStream,
    /// Runs while nothing can be written.
    stalled: Option<Pin<Box<Sleep>>>,
    _place: OwnedSemaphorePermit,
}

impl Held {
    /// The socket, for a transport that has left HTTP.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// `written`, or an error where nothing could be written for too long.
    fn patient(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(WRITE_TIMEOUT)));
        stalled.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
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
    use tokio::io::AsyncWriteExt;

    use super::*;

    /// The clock runs ahead whenever nothing else happens.
    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_let_go() {
        let mut listener = Limited::new(TcpListener::bind("127.0.0.1:0").await.unwrap(), 16);
        let _client = TcpStream::connect(Listener::local_addr(&listener).unwrap()).await.unwrap();
        let (mut held, _) = listener.accept().await;
        let answer = vec![0; 64 << 20];
        let started = tokio::time::Instant::now();
        let error = held.write_all(&answer).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(started.elapsed() >= WRITE_TIMEOUT);
    }
}
