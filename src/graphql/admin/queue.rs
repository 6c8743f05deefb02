//! The background work, as administrators see it and mend it.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::{MessageId, dead_letter};

use super::actor;
use crate::error::{Error, Result};
use crate::graphql::ContextExt;
use crate::graphql::cursor::{Cursor, Kind};
use crate::graphql::id::GlobalId;
use crate::graphql::page::connection;
use crate::graphql::payload::{UserError, answer, payloads};
use crate::graphql::scalar::DateTime;
use crate::service::queue::{self, Overview};

/// The background work, in numbers.
pub struct Queue(pub Overview);

/// The background work, in numbers.
#[Object]
impl Queue {
    /// How many messages wait, those that are being worked on included.
    async fn waiting_count(&self) -> u64 {
        self.0.waiting
    }

    /// Since when the oldest of them waits; null when none does.
    async fn waiting_since(&self) -> Option<DateTime> {
        self.0.oldest.map(DateTime)
    }

    /// How many messages were given up.
    async fn dead_letter_count(&self) -> u64 {
        self.0.dead
    }
}

/// A message that was given up after several tries.
#[derive(Clone, Debug)]
pub struct DeadLetter(pub dead_letter::Model);

/// A message that was given up after several tries.
#[Object]
impl DeadLetter {
    /// Globally unique.
    pub async fn id(&self) -> ID {
        GlobalId::DeadLetter(self.0.id).encode()
    }

    /// The message's number, as `roost queue list` prints it.
    async fn number(&self) -> String {
        self.0.id.to_string()
    }

    /// What was to be done, in JSON.
    async fn payload(&self) -> &str {
        &self.0.payload
    }

    /// How often it was tried.
    async fn attempts(&self) -> i32 {
        self.0.attempts
    }

    /// What went wrong the last time.
    async fn error(&self) -> &str {
        &self.0.error
    }

    /// When the message was posted.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it was given up.
    async fn died_at(&self) -> DateTime {
        DateTime(self.0.died_at)
    }
}

connection! {
    /// Messages that were given up, latest posted first.
    DeadLetterConnection, DeadLetterEdge, DeadLetter
}

/// A dead letter in its list.
#[derive(Clone, SimpleObject)]
pub struct DeadLetterEdge {
    /// Where it stands in the list.
    pub cursor: Cursor,
    /// The dead letter.
    pub node: DeadLetter,
}

impl DeadLetterEdge {
    pub fn new(letter: dead_letter::Model) -> Self {
        Self { cursor: Kind::DeadLetters.encode(letter.id.0), node: DeadLetter(letter) }
    }
}

/// Which dead letters.
#[derive(InputObject)]
struct AdminDeadLettersInput {
    /// At most 100; null for all that there are.
    ids: Option<Vec<ID>>,
}

/// What became of them.
#[derive(Default, SimpleObject)]
struct AdminDeadLettersPayload {
    /// How many there were.
    count: Option<u64>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

payloads!(AdminDeadLettersPayload);

#[derive(Default)]
pub struct QueueMutation;

#[Object]
impl QueueMutation {
    /// Puts dead letters back into the queue, to be tried anew. Those that are not there any more are passed over.
    async fn admin_retry_dead_letters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] input: AdminDeadLettersInput,
    ) -> Option<Result<AdminDeadLettersPayload>> {
        answer(retry(ctx, input).await)
    }

    /// Forgets dead letters: what they asked for will never be done. Those that are not there any more are passed over.
    async fn admin_drop_dead_letters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] input: AdminDeadLettersInput,
    ) -> Option<Result<AdminDeadLettersPayload>> {
        answer(drop_letters(ctx, input).await)
    }
}

async fn retry(ctx: &Context<'_>, input: AdminDeadLettersInput) -> Result<AdminDeadLettersPayload> {
    let actor = actor(ctx).await?;
    let some = numbers(input)?;
    let count = queue::retry(ctx.app(), actor, some.as_deref()).await?;
    Ok(AdminDeadLettersPayload { count: Some(count), user_errors: Vec::new() })
}

async fn drop_letters(ctx: &Context<'_>, input: AdminDeadLettersInput) -> Result<AdminDeadLettersPayload> {
    let actor = actor(ctx).await?;
    let some = numbers(input)?;
    let count = queue::drop_letters(ctx.app(), actor, some.as_deref()).await?;
    Ok(AdminDeadLettersPayload { count: Some(count), user_errors: Vec::new() })
}

fn numbers(input: AdminDeadLettersInput) -> Result<Option<Vec<MessageId>>> {
    let Some(ids) = input.ids else { return Ok(None) };
    if ids.len() > 100 {
        return Err(Error::BadInput(format!("At most 100 dead letters at a time, but these are {}.", ids.len())));
    }
    let letters: Vec<_> = ids.iter().map(GlobalId::dead_letter).collect::<Result<_>>()?;
    // What is no dead letter is passed over, like one that is not there any more.
    Ok(Some(letters.into_iter().flatten().collect()))
}
