//! The command line.
//!
//! What the person at the keyboard can mend (a taken port, a folder that cannot be written, a bad setting) is one plain
//! sentence and exit code 2; a check that found something exits with 1.

mod backup;
mod counters;
mod feed;
mod gate;
mod media;
mod queue;
mod seed;
mod serve;
mod user;

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::app::App;
use crate::auth::password::ArgonError;
use crate::config::{Config, Flags, LogFormat};
use crate::db::{self, Db};
use crate::error::Error;
use crate::media::StoreError;
use crate::service::node;

/// A self-hosted Twitter-style back end with a GraphQL API.
#[derive(Parser)]
#[command(name = "roost", version, about)]
struct Cli {
    /// The configuration file [default: roost.toml, if it is there]
    #[arg(long, global = true, env = "ROOST_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder for the database and the media [default: data]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API and do the background work (the default)
    Serve(ServeArgs),
    /// Do only the background work
    Worker {
        /// End when nothing is due any more
        #[arg(long)]
        drain: bool,
    },
    /// Bring the database's tables up to date
    Migrate,
    /// Print the GraphQL schema
    Schema,
    /// Print the effective configuration, passwords masked
    Config,
    /// Make people, follows and tweets to try things with
    Seed(seed::SeedArgs),
    /// Look after the home feeds
    #[command(subcommand)]
    Feed(feed::FeedCommand),
    /// Hold the counters against what counting gives
    #[command(subcommand)]
    Counters(counters::CountersCommand),
    /// Copy the database and the pictures to a new folder, also while the server runs (SQLite only)
    Backup {
        /// The folder that is made
        dir: PathBuf,
    },
    /// Bring back what a backup holds, to a place where nothing is yet (SQLite only)
    Restore {
        /// The folder that `roost backup` has made
        dir: PathBuf,
    },
    /// Look after the stored pictures
    #[command(subcommand)]
    Media(media::MediaCommand),
    /// Look after the messages of the background work
    #[command(subcommand)]
    Queue(queue::QueueCommand),
    /// Look after people
    #[command(subcommand)]
    User(user::UserCommand),
    /// Turn features on for a share of the users
    #[command(subcommand)]
    Gate(gate::GateCommand),
}

#[derive(Args, Default)]
struct ServeArgs {
    /// Where to listen [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Leave the background work to `roost worker`
    #[arg(long)]
    no_worker: bool,
    /// Let everybody do everything as often as they like
    #[arg(long)]
    no_rate_limit: bool,
}

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = tokio::runtime::Runtime::new().context("The runtime could not be started").and_then(|runtime| {
        let done = runtime.block_on(go(cli));
        // Nobody waits any more for a picture that is still being worked on.
        runtime.shutdown_background();
        done
    });
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("roost: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn go(cli: Cli) -> anyhow::Result<ExitCode> {
    let command = cli.command.unwrap_or_else(|| Command::Serve(ServeArgs::default()));
    if let Command::Schema = command {
        std::io::stdout().write_all(crate::graphql::sdl().as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let (listen, rate_limit) = match &command {
        Command::Serve(args) => (args.listen, args.no_rate_limit.then_some(false)),
        _ => (None, None),
    };
    let config = Config::load(cli.config.as_deref(), &Flags { listen, data_dir: cli.data_dir, rate_limit })?;
    start_log(&config)?;
    for variable in Config::unknown_variables() {
        tracing::warn!("{variable} is no setting of roost. Is it misspelt?");
    }
    match command {
        Command::Config => std::io::stdout().write_all(config.masked().as_bytes())?,
        Command::Serve(args) => serve::serve(config, !args.no_worker).await?,
        Command::Worker { drain } => serve::worker(config, drain).await?,
        Command::Migrate => {
            with_app(config, async |_| Ok(())).await?;
            println!("The database is up to date.");
        }
        Command::Seed(args) => with_app(config, async |app| seed::seed(app, &args).await).await?,
        Command::Feed(command) => return with_old_app(config, async |app| feed::run(app, command).await).await,
        Command::Counters(command) => {
            return with_old_app(config, async |app| counters::run(app, &command).await).await;
        }
        Command::Backup { dir } => backup::backup(&config, &dir).await?,
        Command::Restore { dir } => backup::restore(&config, &dir).await?,
        Command::Media(command) => with_old_app(config, async |app| media::run(app, &command).await).await?,
        Command::Queue(command) => with_old_app(config, async |app| queue::run(app, &command).await).await?,
        // The first person may be made before anything is served.
        Command::User(command @ user::UserCommand::Create { .. }) => {
            with_app(config, async |app| user::run(app, command).await).await?;
        }
        Command::User(command) => with_old_app(config, async |app| user::run(app, command).await).await?,
        Command::Gate(command) => with_old_app(config, async |app| gate::run(app, command).await).await?,
        Command::Schema => (),
    }
    Ok(ExitCode::SUCCESS)
}

fn start_log(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log)
        .with_context(|| format!("The setting log = {:?} is not a log filter; try \"info\"", config.log))?;
    // The migrations announce each step; with none to do that is two lines at every start.
    let filter = filter.add_directive("sea_orm_migration=warn".parse()?);
    // The relay says itself how many messages came back; lapin prints each one whole.
    let filter = filter.add_directive("lapin::returned_messages=error".parse()?);
    let terminal = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => log.with_ansi(terminal).with_target(false).init(),
        LogFormat::Json => log.json().flatten_event(true).with_span_list(false).init(),
    }
    Ok(())
}

/// Opens the app for a piece of work, however long that takes: the node number stays leased meanwhile, and is given back.
async fn with_app<T>(config: Config, work: impl AsyncFnOnce(&App) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let app = App::open(config).await?;
    let stop = CancellationToken::new();
    let node = tokio::spawn(keep_node(app.clone(), stop.clone()));
    let done = work(&app).await;
    stop.cancel();
    node.await?;
    app.close().await;
    done
}

/// The same for what looks after a database that is there: in a wrong folder an empty one would be made, and found well.
async fn with_old_app<T>(config: Config, work: impl AsyncFnOnce(&App) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let url = config.masked_database_url();
    match Db::is_made(&config.database_url()).await {
        Ok(true) => with_app(config, work).await,
        Ok(false) => {
            anyhow::bail!("There is no database of roost at {url}. Look at --data-dir, or make one: roost migrate")
        }
        Err(error) => anyhow::bail!("The database {url} cannot be used: {}", db::explain(&error)),
    }
}

/// What a person can mend, all of it, as the one sentence that the command line prints.
fn in_words<T>(done: Result<T, Error>) -> anyhow::Result<T> {
    done.map_err(|error| match error {
        Error::User(faults) => {
            anyhow::anyhow!(faults.into_iter().map(|fault| fault.message).collect::<Vec<_>>().join(" "))
        }
        other => other.into(),
    })
}

/// Renews the lease on the node number until it is stopped.
async fn keep_node(app: App, stop: CancellationToken) {
    let mut interval = tokio::time::interval(Duration::from_millis(node::RENEW_EVERY.unsigned_abs()));
    loop {
        tokio::select! {
            _ = interval.tick() => (),
            () = stop.cancelled() => return,
        }
        if let Err(error) = node::lease(&app).await {
            tracing::warn!(error = error.log(), "the node number could not be leased again yet");
        }
    }
}

impl App {
    /// Makes the data directory if need be, and opens everything.
    ///
    /// # Errors
    /// In plain words, when the folder, the database or the media store cannot be used.
    async fn open(config: Config) -> anyhow::Result<Self> {
        let dir = config.data_dir.display().to_string();
        if config.database_url.is_none() {
            std::fs::create_dir_all(&config.data_dir).with_context(|| format!("The folder {dir} cannot be made"))?;
        }
        let url = config.masked_database_url();
        Self::new(config).await.map_err(|error| match &error {
            Error::Internal(cause) if cause.is::<StoreError>() => {
                anyhow::anyhow!("The setting media_url cannot be used: {}", error.log())
            }
            Error::Internal(cause) if cause.is::<ArgonError>() => anyhow::anyhow!("{}", error.log()),
            _ => anyhow::anyhow!("The database {url} cannot be used: {}", error.log()),
        })
    }
}
