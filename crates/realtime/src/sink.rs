//! Where a transport lets the hub write without waiting.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::frame_text::Wire;

/// A connection that takes bytes at once or says that it cannot now. It is called under locks and must never wait.
pub trait Sink: Send + Sync {
    /// Takes as many bytes as it can, as a non-blocking `write(2)` does.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when it can take none now; anything else means that the connection is gone.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;
}

/// A sink, and how frames are written to it.
pub(crate) struct Direct {
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) wire: Wire,
}

/// The connection is gone.
pub(crate) struct Gone;

impl Direct {
    /// How many bytes were taken.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<usize, Gone> {
        loop {
            match self.sink.try_write(bytes) {
                Ok(taken) => return Ok(taken),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Gone),
            }
        }
    }
}

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Direct").field("wire", &self.wire).finish_non_exhaustive()
    }
}
