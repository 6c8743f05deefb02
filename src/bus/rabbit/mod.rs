//! The queue on RabbitMQ, for when several machines share the work.
//!
//! The outbox stays the truth: a row goes in the transaction that does its work, and a message whose row is gone is passed
//! by. So the work is done once, however often the broker delivers; and a message that the broker lost is sent again after a
//! while. Without the broker, posting goes on and the outbox waits.
//!
//! Nothing here reconnects by itself: a [`Link`] is used until anything fails, and its owner then makes another one.
//! lapin's own recovery gives up after a while, and does not come back from a queue that was deleted.

mod letter;
mod topology;

use std::time::Duration;

use futures_util::future::join_all;
use lapin::options::{BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions};
use lapin::uri::AMQPUri;
use lapin::{Channel, Confirmation, Connection, ConnectionProperties};
use tokio::sync::Mutex;
use tokio::time::timeout;

pub use letter::{Letter, Route};
use topology::Names;

use super::lane::Lane;

/// Seconds between two heartbeats, unless the URL says otherwise. A dead peer is noticed after two.
const HEARTBEAT: u16 = 10;
/// For the connection and the topology.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For the broker to confirm. While it has run out of memory or disk it says nothing at all.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(10);

/// Why the broker cannot be used just now.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    #[error("RabbitMQ: {0}")]
    Broker(#[from] lapin::Error),
    #[error("RabbitMQ did not answer within {0:?}")]
    Silent(Duration),
    #[error("RabbitMQ ended the consumer")]
    Ended,
    #[error("RabbitMQ has messages and does not deliver them")]
    Forgotten,
}

pub type Result<T, E = BrokerError> = std::result::Result<T, E>;

/// Where the broker is.
pub struct Rabbit {
    uri: AMQPUri,
    names: Names,
    /// For those who look once in a while, such as `roost queue` and `worker --drain`.
    pub kept: Mutex<Option<Link>>,
    /// For those who ask whether the broker is there: a connection of their own, so that they learn of it and disturb nobody.
    asked: Mutex<Option<Connection>>,
}

impl Rabbit {
    /// The prefix stands before the names of all queues; the waits are those before the second to the last try, in
    /// milliseconds.
    ///
    /// # Errors
    /// In plain words, when this is no URL of a broker.
    pub fn new(url: &str, prefix: &str, waits: Vec<i64>) -> std::result::Result<Self, String> {
        let mut uri: AMQPUri = url.parse()?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        Ok(Self { uri, names: Names::new(prefix, waits), kept: Mutex::default(), asked: Mutex::default() })
    }

    /// Whether the broker answers now.
    pub async fn answers(&self) -> bool {
        let mut asked = self.asked.lock().await;
        let ask = async |connection: Connection| {
            let channel = connection.create_channel().await?;
            channel.close(200, "".into()).await.map(|()| connection)
        };
        // Taken out meanwhile: whoever gives up in the middle leaves nothing half-used behind.
        let answered = match asked.take().filter(|connection| connection.status().connected()) {
            Some(connection) => ask(connection).await,
            None => match Connection::connect_uri(self.uri.clone(), properties()).await {
                Ok(connection) => ask(connection).await,
                Err(error) => Err(error),
            },
        };
        *asked = answered.inspect_err(|error| tracing::warn!(%error, "RabbitMQ does not answer")).ok();
        asked.is_some()
    }

    /// A connection with one channel that confirms, and the queues declared on it.
    ///
    /// # Errors
    /// When the broker cannot be reached or has queues of these names that are not ours.
    pub async fn link(&self) -> Result<Link> {
        let opening = async {
            let connection = Connection::connect_uri(self.uri.clone(), properties()).await?;
            let channel = connection.create_channel().await?;
            topology::declare(&channel, &self.names).await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            Ok(Link { channel, names: self.names.clone(), _connection: connection })
        };
        timeout(CONNECT_TIMEOUT, opening).await.map_err(|_elapsed| BrokerError::Silent(CONNECT_TIMEOUT))?
    }
}

/// A connection in use. It is closed when it is dropped; what was not acknowledged then goes back into its queue.
pub struct Link {
    pub channel: Channel,
    names: Names,
    _connection: Connection,
}

impl Link {
    /// Sends letters, and says of each whether the broker has it on disk, routed to a queue.
    ///
    /// # Errors
    /// When the channel is gone: then nothing is known of any of them.
    pub async fn send(&self, letters: &[Letter]) -> Result<Vec<bool>> {
        let mut sent = Vec::with_capacity(letters.len());
        for letter in letters {
            let (exchange, key) = self.names.route(letter.route);
            let options = BasicPublishOptions { mandatory: true, immediate: false };
            let publishing =
                self.channel.basic_publish(exchange, key, options, letter.payload.as_bytes(), letter.properties());
            sent.push(timeout(CONFIRM_TIMEOUT, publishing).await.map_err(silent)??);
        }
        let confirmations = timeout(CONFIRM_TIMEOUT, join_all(sent)).await.map_err(silent)?;
        // A message that no queue took comes back inside its confirmation.
        Ok(confirmations.into_iter().map(|said| matches!(said, Ok(Confirmation::Ack(None)))).collect())
    }

    /// Messages of a lane as they come, at most so many at a time unacknowledged.
    ///
    /// # Errors
    /// Whatever the broker says.
    pub async fn consume(&self, source: Source, most: u16) -> Result<lapin::Consumer> {
        let consuming = topology::consume(&self.channel, self.names.queue(source), most);
        timeout(CONFIRM_TIMEOUT, consuming).await.map_err(silent)?
    }

    /// How many messages wait to be delivered.
    ///
    /// # Errors
    /// Whatever the broker says; if there is no such queue, the channel is closed.
    pub async fn ready(&self, source: Source) -> Result<u32> {
        let asking = topology::ready(&self.channel, self.names.queue(source));
        timeout(CONFIRM_TIMEOUT, asking).await.map_err(silent)?
    }

    /// One message, if there is one.
    ///
    /// # Errors
    /// Whatever the broker says.
    pub async fn get(&self, source: Source) -> Result<Option<lapin::message::Delivery>> {
        let getting = self.channel.basic_get(self.names.queue(source), BasicGetOptions::default());
        let got = timeout(CONFIRM_TIMEOUT, getting).await.map_err(silent)??;
        Ok(got.map(|message| message.delivery))
    }

    /// How many messages wait: those ready in the lanes, and those that are to be tried again later.
    ///
    /// # Errors
    /// Whatever the broker says.
    pub async fn waiting(&self) -> Result<u64> {
        topology::waiting(&self.channel, &self.names).await
    }

    /// Deletes all queues and exchanges; for tests.
    ///
    /// # Errors
    /// Whatever the broker says.
    pub async fn delete_all(&self) -> Result<()> {
        topology::delete(&self.channel, &self.names).await
    }
}

/// Where messages are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Lane(Lane),
    /// Those that were given up.
    Dead,
}

fn properties() -> ConnectionProperties {
    ConnectionProperties::default().with_connection_name("roost".into())
}

fn silent(_elapsed: tokio::time::error::Elapsed) -> BrokerError {
    BrokerError::Silent(CONFIRM_TIMEOUT)
}
