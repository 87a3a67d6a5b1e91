//! A connection that is read as fast as a case wants, or not at all.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// A connection that is read slowly is read this often …
const STEP: Duration = Duration::from_millis(200);
/// … that is, so often in a second.
const STEPS_PER_S: usize = 5;
/// Read in one step at most.
const STEP_BYTES: usize = 1024;

/// How fast a connection is read: bytes in a second, 0 for not at all. At first as fast as it can be.
#[derive(Debug)]
pub struct Pace(AtomicUsize);

impl Default for Pace {
    fn default() -> Self {
        Self(AtomicUsize::new(usize::MAX))
    }
}

impl Pace {
    /// From now on at most so many bytes in a second.
    pub fn slow_down(&self, bytes_per_s: usize) {
        self.0.store(bytes_per_s, Ordering::Relaxed);
    }

    /// From now on as fast as it can be.
    pub fn free(&self) {
        self.0.store(usize::MAX, Ordering::Relaxed);
    }

    /// Whether it is read slowly or not at all.
    pub fn is_slow(&self) -> bool {
        self.0.load(Ordering::Relaxed) != usize::MAX
    }
}

/// A connection that is read at a [`Pace`].
pub struct Paced<S> {
    inner: S,
    pace: Arc<Pace>,
    rest: Pin<Box<Sleep>>,
}

impl<S> Paced<S> {
    /// Reads `inner` at `pace`.
    pub fn new(inner: S, pace: Arc<Pace>) -> Self {
        Self { inner, pace, rest: Box::pin(tokio::time::sleep(Duration::ZERO)) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.pace.is_slow() {
            ready!(this.rest.as_mut().poll(context));
            this.rest.as_mut().reset(Instant::now() + STEP);
            let share = this.pace.0.load(Ordering::Relaxed) / STEPS_PER_S;
            let share = share.min(buffer.remaining()).min(STEP_BYTES);
            if share > 0 {
                let mut bytes = [0; STEP_BYTES];
                let mut part = ReadBuf::new(&mut bytes[..share]);
                ready!(Pin::new(&mut this.inner).poll_read(context, &mut part))?;
                buffer.put_slice(part.filled());
                return Poll::Ready(Ok(()));
            }
        }
        Pin::new(&mut this.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_stalled_is_not_read_and_comes_whole_once_it_is_free() {
        let sent: Vec<u8> = (0..200_u8).cycle().take(3 * STEP_BYTES).collect();
        let (near, mut far) = tokio::io::duplex(sent.len());
        let pace = Arc::new(Pace::default());
        pace.slow_down(0);
        let mut paced = Paced::new(near, pace.clone());
        far.write_all(&sent).await.unwrap();
        drop(far);

        let mut first = [0; 1];
        let stalled = tokio::time::timeout(100 * STEP, paced.read_exact(&mut first)).await;
        assert!(stalled.is_err(), "it was read though nothing may be");
        pace.slow_down(10 * STEPS_PER_S);
        let mut some = [0; STEP_BYTES];
        let read = paced.read(&mut some).await.unwrap();
        assert_eq!(read, 10, "a step's share");
        pace.free();
        let mut all = some[..read].to_vec();
        paced.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, sent);
    }
}
