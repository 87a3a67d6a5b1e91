//! How a connection ends, seen from the client.

use axum::serve::Listener;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::config::Http;
use crate::http::listener::Limited;

/// Neither side's socket is closed before the test ends.
#[tokio::test]
async fn who_broke_a_rule_sees_the_end_without_answering() {
    let mut listener = Limited::new(TcpListener::bind("127.0.0.1:0").await.unwrap(), &Http::default());
    let mut client = TcpStream::connect(Listener::local_addr(&listener).unwrap()).await.unwrap();
    let (socket, _) = listener.accept().await;
    let mut said = Vec::new();
    tokio::select! {
        () = say_goodbye(&socket, 1002, "no") => panic!("given up before the client saw the end"),
        read = client.read_to_end(&mut said) => {
            read.unwrap();
        }
    }
    assert_eq!(said, frame::close(1002, "no"));
}
