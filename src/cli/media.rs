//! `roost media`: care of the stored pictures.

use clap::Subcommand;

use crate::app::App;
use crate::service::media;

#[derive(Subcommand)]
pub enum MediaCommand {
    /// Remove files older than an hour that nothing names: what crashes leave behind
    Sweep,
}

/// # Errors
/// Whatever the database or the media store says.
pub async fn run(app: &App, command: &MediaCommand) -> anyhow::Result<()> {
    match command {
        MediaCommand::Sweep => println!("{} files removed", media::sweep(app).await?),
    }
    Ok(())
}
