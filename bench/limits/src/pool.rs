//! Connections to PostgreSQL, each with the statements prepared. Requests share them: they send without waiting for the answers
//! to others.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use tokio_postgres::{Client, NoTls, Statement};

/// As many as the fastest takes on two cores.
const CONNECTIONS: usize = 8;

pub struct Pool {
    connections: Vec<Connection>,
    next: AtomicUsize,
}

pub struct Connection {
    pub client: Client,
    /// In the order in which they were given.
    pub statements: Vec<Statement>,
}

impl Pool {
    pub async fn open(url: &str, texts: &[String]) -> anyhow::Result<Self> {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            let client = connect(url).await?;
            let mut statements = Vec::new();
            for text in texts {
                statements.push(client.prepare(text).await?);
            }
            connections.push(Connection { client, statements });
        }
        Ok(Self { connections, next: AtomicUsize::new(0) })
    }

    pub fn get(&self) -> anyhow::Result<&Connection> {
        let place = self.next.fetch_add(1, Ordering::Relaxed) % self.connections.len();
        self.connections.get(place).context("there is no connection")
    }
}

pub async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
