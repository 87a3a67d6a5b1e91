//! A wire to a server that can be cut: connections end without a word, and new ones are refused until it is mended.
#![expect(clippy::unwrap_used, reason = "test support: a wire that cannot be laid ends the test")]

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The wire.
#[derive(Debug)]
pub struct Wire {
    server: String,
    address: SocketAddr,
    carrying: Option<JoinHandle<()>>,
}

impl Wire {
    /// To `server`, as `host:port`.
    pub async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let carrying = Some(tokio::spawn(carry(listener, server.clone())));
        Self { server, address, carrying }
    }

    /// The port of its near end.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Cuts it.
    pub async fn cut(&mut self) {
        if let Some(carrying) = self.carrying.take() {
            carrying.abort();
            assert!(carrying.await.unwrap_err().is_cancelled());
        }
    }

    /// When it is mended it leads to this server, as `host:port`.
    pub fn lead_to(&mut self, server: String) {
        self.server = server;
    }

    /// Mends it.
    pub async fn mend(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.carrying = Some(tokio::spawn(carry(listener, self.server.clone())));
    }
}

async fn carry(listener: TcpListener, server: String) {
    // Connections end with the set that holds them.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (mut near, _) = listener.accept().await.unwrap();
        let server = server.clone();
        connections.spawn(async move {
            if let Ok(mut far) = TcpStream::connect(server).await {
                let _ = copy_bidirectional(&mut near, &mut far).await;
            }
        });
    }
}
