//! The queues and exchanges, declared by whoever connects, on the channel that uses them.
//!
//! A lane is a quorum queue behind the exchange `now`. What failed goes to the exchange `later`, waits in a queue whose
//! messages expire, and comes back to its own lane by the exchange `now`: its routing key, `LANE.WAIT`, says which. What was
//! given up, by us or by the broker after too many deliveries, is in the queue `dead` until it is in the database.

use lapin::options::{
    BasicConsumeOptions, BasicQosOptions, ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions,
    QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Consumer, ExchangeKind};

use super::{Lane, Result, Route, Source};

/// A message whose deliveries end without an answer so often ends the process that takes it. Far above the tries of a handler,
/// since the messages of a process that is killed for another reason count as well.
const DELIVERY_LIMIT: i64 = 20;

#[derive(Clone, Debug)]
pub struct Names {
    prefix: String,
    /// The waits before the second to the last try, in milliseconds. A queue each: a message that waits long would hold up
    /// those behind it which wait shorter.
    waits: Vec<i64>,
}

impl Names {
    pub fn new(prefix: &str, waits: Vec<i64>) -> Self {
        Self { prefix: prefix.to_owned(), waits }
    }

    fn of(&self, name: &str) -> ShortString {
        format!("{}.{name}", self.prefix).into()
    }

    pub fn queue(&self, source: Source) -> ShortString {
        match source {
            Source::Lane(lane) => self.of(lane.name()),
            Source::Dead => self.of("dead"),
        }
    }

    /// Exchange and routing key.
    pub fn route(&self, route: Route) -> (ShortString, ShortString) {
        match route {
            Route::Now(lane) => (self.of("now"), format!("{}.0", lane.name()).into()),
            Route::Later(lane, tries) => {
                let place = usize::try_from(tries - 1).unwrap_or(0);
                let wait = self.waits.get(place).or(self.waits.last()).copied().unwrap_or_default();
                (self.of("later"), format!("{}.{wait}", lane.name()).into())
            }
            Route::Dead => ("".into(), self.of("dead")),
        }
    }
}

/// Declares everything; what is there already stays as it is.
pub async fn declare(channel: &Channel, names: &Names) -> Result<()> {
    for name in ["now", "later"] {
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        channel.exchange_declare(names.of(name), ExchangeKind::Topic, options, FieldTable::default()).await?;
    }
    queue(channel, names.queue(Source::Dead), FieldTable::default()).await?;
    for lane in Lane::ALL {
        let mut arguments = dead_letters_to("", Some(names.of("dead")));
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(DELIVERY_LIMIT));
        queue(channel, names.queue(Source::Lane(lane)), arguments).await?;
        bind(channel, names.queue(Source::Lane(lane)), names.of("now"), format!("{}.*", lane.name())).await?;
    }
    for wait in names.waits.iter().copied() {
        let mut arguments = dead_letters_to(names.of("now").as_str(), None);
        arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(wait));
        queue(channel, waiting_room(names, wait), arguments).await?;
        bind(channel, waiting_room(names, wait), names.of("later"), format!("*.{wait}")).await?;
    }
    Ok(())
}

/// Consumes with manual acknowledgements.
pub async fn consume(channel: &Channel, queue: ShortString, most: u16) -> Result<Consumer> {
    channel.basic_qos(most, BasicQosOptions::default()).await?;
    let options = BasicConsumeOptions::default();
    Ok(channel.basic_consume(queue, "".into(), options, FieldTable::default()).await?)
}

pub async fn waiting(channel: &Channel, names: &Names) -> Result<u64> {
    let mut waiting = 0;
    for queue in lanes(names).into_iter().chain(waiting_rooms(names)) {
        waiting += u64::from(ready(channel, queue).await?);
    }
    Ok(waiting)
}

/// How many messages of a queue are not with a consumer.
pub async fn ready(channel: &Channel, queue: ShortString) -> Result<u32> {
    let options = QueueDeclareOptions { passive: true, ..Default::default() };
    Ok(channel.queue_declare(queue, options, FieldTable::default()).await?.message_count())
}

pub async fn delete(channel: &Channel, names: &Names) -> Result<()> {
    for queue in lanes(names).into_iter().chain(waiting_rooms(names)).chain([names.queue(Source::Dead)]) {
        channel.queue_delete(queue, QueueDeleteOptions::default()).await?;
    }
    for name in ["now", "later"] {
        channel.exchange_delete(names.of(name), ExchangeDeleteOptions::default()).await?;
    }
    Ok(())
}

fn lanes(names: &Names) -> [ShortString; 3] {
    Lane::ALL.map(|lane| names.queue(Source::Lane(lane)))
}

fn waiting_rooms(names: &Names) -> Vec<ShortString> {
    names.waits.iter().map(|wait| waiting_room(names, *wait)).collect()
}

fn waiting_room(names: &Names, wait: i64) -> ShortString {
    names.of(&format!("wait-{wait}"))
}

async fn queue(channel: &Channel, name: ShortString, mut arguments: FieldTable) -> Result<()> {
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let options = QueueDeclareOptions { durable: true, ..Default::default() };
    channel.queue_declare(name, options, arguments).await?;
    Ok(())
}

async fn bind(channel: &Channel, queue: ShortString, exchange: ShortString, key: String) -> Result<()> {
    channel.queue_bind(queue, exchange, key.into(), QueueBindOptions::default(), FieldTable::default()).await?;
    Ok(())
}

/// A message moves to the other queue only once that has it: the default may lose it on the way.
fn dead_letters_to(exchange: &str, key: Option<ShortString>) -> FieldTable {
    let text = |text: &str| AMQPValue::LongString(text.into());
    let mut arguments = FieldTable::default();
    arguments.insert("x-dead-letter-exchange".into(), text(exchange));
    if let Some(key) = key {
        arguments.insert("x-dead-letter-routing-key".into(), text(key.as_str()));
    }
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments
}
