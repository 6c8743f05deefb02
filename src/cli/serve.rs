//! `roost serve` and `roost worker`.

use std::time::Duration;

use anyhow::Context;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::Config;
use crate::http::{Documents, Server};
use crate::live::REREAD;
use crate::service::node::{self, Others};
use crate::worker;

/// Serves the API, and does the background work unless another process does.
///
/// # Errors
/// When the address is taken, or the database or the list of trusted documents cannot be used.
pub async fn serve(mut config: Config, with_worker: bool) -> anyhow::Result<()> {
    let documents = Documents::open(&config)?;
    let address = config.listen;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("It is not possible to listen on {address} (choose another with --listen)"))?;
    config.listen = listener.local_addr()?;
    raise_open_files();
    super::with_app(config, async move |app| {
        let stop = stop_on_signal();
        let work = with_worker.then(|| tokio::spawn(worker::run(app.clone(), stop.clone())));
        let lookout = tokio::spawn(look_out(app.clone(), with_worker, stop.clone()));
        announce(&app.config);
        Server::new(app.clone(), documents, stop.clone()).run(listener).await;
        stop.cancel();
        if let Some(work) = work {
            work.await?;
        }
        lookout.await?;
        Ok(())
    })
    .await
}

/// For so long it is believed that there are no others, once it was seen.
const ALONE: Duration = REREAD.saturating_mul(2);

/// Without Redis nobody tells this process what others do. So once a second it sees whether there are any: then its
/// listeners look for themselves, and once more when one has come or gone; and nothing is read from memory.
async fn look_out(app: App, with_worker: bool, stop: CancellationToken) {
    app.live.work_is_elsewhere(!with_worker);
    let mut before = Others::default();
    let mut second = tokio::time::interval(REREAD);
    loop {
        tokio::select! {
            _ = second.tick() => (),
            () = stop.cancelled() => return,
        }
        match node::others(&app).await {
            Ok(others) => {
                if others != before {
                    app.live.work_is_elsewhere(others.are_there || !with_worker);
                    app.live.gap();
                }
                app.live.others_are_there(others.are_there, ALONE);
                before = others;
            }
            // Whoever asks the database sees that it is away.
            Err(error) => tracing::debug!(error = error.log(), "other processes cannot be looked for"),
        }
    }
}

/// Does only the background work: until it is stopped, or until nothing is due.
///
/// # Errors
/// When the database cannot be used.
pub async fn worker(app: &App, drain: bool) -> anyhow::Result<()> {
    if drain {
        return Ok(worker::drain(app).await?);
    }
    let stop = stop_on_signal();
    println!("roost works on what is queued. Stop it with Ctrl-C.");
    worker::run(app.clone(), stop).await;
    Ok(())
}

/// Every connection is an open file. Most systems allow a process a thousand at first, and many more to one that asks.
fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "the limit of open files could not be raised");
        }
    }
}

fn announce(config: &Config) {
    let url = config.public_url();
    let page = if config.graphiql { format!("GraphiQL {url}/ · ") } else { String::new() };
    println!("roost is ready: {page}API {url}/graphql · data in {}", config.data_dir.display());
}

/// Cancelled by Ctrl-C or SIGTERM.
fn stop_on_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let cancel = stop.clone();
    tokio::spawn(async move {
        let terminate = async {
            match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
                Ok(mut terminate) => drop(terminate.recv().await),
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => (),
            () = terminate => (),
        }
        tracing::info!("stopping");
        cancel.cancel();
    });
    stop
}
