//! `roost queue`: what waits, and what was given up.

use clap::Subcommand;
use entity::MessageId;

use crate::app::App;
use crate::service::audit::Actor;
use crate::service::queue;

#[derive(Subcommand)]
pub enum QueueCommand {
    /// How many messages wait, and which were given up and why
    List,
    /// Put messages that were given up back into the queue
    Retry {
        /// The message's number [default: all]
        id: Option<i64>,
    },
    /// Forget messages that were given up
    Drop {
        /// The message's number [default: all]
        id: Option<i64>,
    },
}

/// # Errors
/// Whatever the database says.
pub async fn run(app: &App, command: &QueueCommand) -> anyhow::Result<()> {
    let some = |id: &Option<i64>| id.map(|id| [MessageId(id)]);
    match command {
        QueueCommand::List => {
            let (overview, dead) = (queue::overview(app).await?, queue::dead_letters(app).await?);
            println!("{} waiting, {} given up", overview.waiting, dead.len());
            for letter in dead {
                println!("{}  after {} tries: {}  {}", letter.id, letter.attempts, letter.error, letter.payload);
            }
        }
        QueueCommand::Retry { id } => {
            let retried = queue::retry(app, Actor::CommandLine, some(id).as_ref().map(<[_; 1]>::as_slice)).await?;
            println!("{retried} put back into the queue");
        }
        QueueCommand::Drop { id } => {
            let dropped =
                queue::drop_letters(app, Actor::CommandLine, some(id).as_ref().map(<[_; 1]>::as_slice)).await?;
            println!("{dropped} forgotten");
        }
    }
    Ok(())
}
