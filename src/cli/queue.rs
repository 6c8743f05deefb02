//! `roost queue`: what waits, and what was given up.

use clap::Subcommand;
use entity::MessageId;

use crate::app::App;
use crate::bus::dead_letter;

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
    match command {
        QueueCommand::List => {
            let overview = dead_letter::overview(app).await?;
            println!("{} waiting, {} given up", overview.waiting, overview.dead.len());
            for letter in overview.dead {
                println!("{}  after {} tries: {}  {}", letter.id, letter.attempts, letter.error, letter.payload);
            }
        }
        QueueCommand::Retry { id } => {
            println!("{} put back into the queue", dead_letter::retry(app, id.map(MessageId)).await?);
        }
        QueueCommand::Drop { id } => {
            println!("{} forgotten", dead_letter::drop_letters(app, id.map(MessageId)).await?);
        }
    }
    Ok(())
}
