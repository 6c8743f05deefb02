//! `roost serve` and `roost worker`.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::app::App;
use crate::config::Config;
use crate::http::{Documents, Monitor, Server};
use crate::live::REREAD;
use crate::service::node::{self, Others};
use crate::worker;

/// By when a process that was told to end has ended, one way or the other. What it does by itself takes a little less.
const LONGEST: Duration = Duration::from_millis(9_500);

/// Serves the API, and does the background work unless another process does.
///
/// # Errors
/// When an address is taken, or the database or the list of trusted documents cannot be used.
pub async fn serve(mut config: Config, with_worker: bool) -> anyhow::Result<()> {
    let documents = Documents::open(&config)?;
    let listener = listen(config.listen, "--listen").await?;
    config.listen = listener.local_addr()?;
    let monitor = listen_for_monitor(&mut config).await?;
    raise_open_files();
    super::with_app(config, async move |app| {
        let stop = stop_on_signal();
        let _monitored = watch(app, monitor, &stop);
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

async fn listen(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    let listening = TcpListener::bind(address).await;
    listening.with_context(|| format!("It is not possible to listen on {address} (choose another with {setting})"))
}

/// None if nobody wants it.
async fn listen_for_monitor(config: &mut Config) -> anyhow::Result<Option<TcpListener>> {
    let Some(address) = config.metrics_listen else { return Ok(None) };
    let listener = listen(address, "metrics_listen").await?;
    config.metrics_listen = Some(listener.local_addr()?);
    Ok(Some(listener))
}

/// Tells whoever asks how the process is, to its very end: as long as the value lives.
fn watch(app: &App, listener: Option<TcpListener>, stop: &CancellationToken) -> DropGuard {
    let end = CancellationToken::new();
    if let Some(listener) = listener {
        let monitor = Monitor { app: app.clone(), stop: stop.clone() };
        tokio::spawn(monitor.serve(listener, end.clone()));
    }
    end.drop_guard()
}

/// For so long it is believed that there are no others, once it was seen.
const ALONE: Duration = REREAD.saturating_mul(2);

/// Without Redis nobody tells this process what others do. So once a second it sees whether there are any: then its
/// listeners look for themselves, and once more when one has come or gone; and nothing is read from memory. With Redis, nothing
/// is read from memory while there is one who does not speak.
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
                    app.live.work_is_elsewhere(others.at_work > 0 || !with_worker);
                    app.live.gap();
                }
                app.live.others_are_there(others.at_work, ALONE);
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
/// When the database or the address for metrics cannot be used.
pub async fn worker(mut config: Config, drain: bool) -> anyhow::Result<()> {
    let monitor = if drain { None } else { listen_for_monitor(&mut config).await? };
    super::with_app(config, async move |app| {
        if drain {
            return Ok(worker::drain(app).await?);
        }
        let stop = stop_on_signal();
        let _monitored = watch(app, monitor, &stop);
        println!("roost works on what is queued. Stop it with Ctrl-C.{}", metrics(&app.config));
        worker::run(app.clone(), stop).await;
        Ok(())
    })
    .await
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
    println!("roost is ready: {page}API {url}/graphql · data in {}{}", config.data_dir.display(), metrics(config));
}

fn metrics(config: &Config) -> String {
    config.metrics_listen.map_or(String::new(), |address| format!(" · metrics http://{address}/metrics"))
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
        tokio::time::sleep(LONGEST).await;
        // Nothing that was acknowledged is lost by it: the same holds for kill -9.
        tracing::error!("not everything has ended in time; the process ends without it");
        std::process::exit(1);
    });
    stop
}
