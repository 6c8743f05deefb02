//! A way to a service that a test can cut, or hold as a network does that swallows everything.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    /// Connections are kept, and nothing passes.
    Held,
    /// Connections are ended, and no other is made.
    Cut,
}

pub struct Proxy {
    pub address: SocketAddr,
    way: watch::Sender<Way>,
}

impl Proxy {
    /// A way to the host and port of a URL.
    pub async fn to(url: &str) -> Self {
        let url = url::Url::parse(url).unwrap();
        let target = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (way, seen) = watch::channel(Way::Open);
        tokio::spawn(accept(listener, target, seen));
        Self { address, way }
    }

    /// The URL that goes this way.
    pub fn url(&self, url: &str) -> String {
        let mut url = url::Url::parse(url).unwrap();
        url.set_ip_host(self.address.ip()).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.into()
    }

    pub fn cut(&self) {
        self.way.send_replace(Way::Cut);
    }

    pub fn hold(&self) {
        self.way.send_replace(Way::Held);
    }

    pub fn mend(&self) {
        self.way.send_replace(Way::Open);
    }
}

async fn accept(listener: TcpListener, target: String, mut way: watch::Receiver<Way>) {
    loop {
        tokio::select! {
            // The test is over.
            changed = way.changed() => if changed.is_err() { return },
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { return };
                if *way.borrow() == Way::Cut {
                    continue;
                }
                let Ok(server) = TcpStream::connect(&target).await else { continue };
                let ((client_reads, client_writes), (server_reads, server_writes)) =
                    (client.into_split(), server.into_split());
                tokio::spawn(pass(client_reads, server_writes, way.clone()));
                tokio::spawn(pass(server_reads, client_writes, way.clone()));
            }
        }
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: watch::Receiver<Way>) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let now = *way.borrow_and_update();
        tokio::select! {
            changed = way.changed() => if changed.is_err() { return },
            read = from.read(&mut bytes), if now == Way::Open => match read {
                Ok(count) if count > 0 && to.write_all(&bytes[..count]).await.is_ok() => (),
                _ => return,
            },
        }
        if *way.borrow() == Way::Cut {
            return;
        }
    }
}
