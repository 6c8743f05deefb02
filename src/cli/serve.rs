//! `roost serve` and `roost worker`.

use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::Config;
use crate::http::Server;
use crate::service::node;
use crate::worker;

/// Serves the API, and does the background work unless another process does.
///
/// # Errors
/// When the address is taken, or the database cannot be used.
pub async fn serve(mut config: Config, with_worker: bool) -> anyhow::Result<()> {
    let address = config.listen;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("It is not possible to listen on {address} (choose another with --listen)"))?;
    config.listen = listener.local_addr()?;
    let app = App::open(config).await?;
    let stop = stop_on_signal();
    let mut work = Vec::from([tokio::spawn(keep_node(app.clone(), stop.clone()))]);
    if with_worker {
        work.push(tokio::spawn(worker::run(app.clone(), stop.clone())));
    } else {
        app.live.work_is_elsewhere();
    }
    announce(&app.config);
    let served = Server::new(app.clone(), stop.clone()).run(listener).await;
    stop.cancel();
    for task in work {
        task.await?;
    }
    app.close().await;
    Ok(served?)
}

/// Does only the background work: until it is stopped, or until nothing is due.
///
/// # Errors
/// When the database cannot be used.
pub async fn worker(config: Config, drain: bool) -> anyhow::Result<()> {
    let app = App::open(config).await?;
    if drain {
        worker::drain(&app).await?;
    } else {
        let stop = stop_on_signal();
        let node = tokio::spawn(keep_node(app.clone(), stop.clone()));
        println!("roost works on what is queued. Stop it with Ctrl-C.");
        worker::run(app.clone(), stop).await;
        node.await?;
    }
    app.close().await;
    Ok(())
}

fn announce(config: &Config) {
    let url = config.public_url();
    let page = if config.graphiql { format!("GraphiQL {url}/ · ") } else { String::new() };
    println!("roost is ready: {page}API {url}/graphql · data in {}", config.data_dir.display());
}

/// Renews the lease on the node number until the process stops.
async fn keep_node(app: App, stop: CancellationToken) {
    let mut interval = tokio::time::interval(Duration::from_millis(node::RENEW_EVERY.unsigned_abs()));
    loop {
        tokio::select! {
            _ = interval.tick() => (),
            () = stop.cancelled() => return,
        }
        if let Err(error) = node::lease(&app).await {
            tracing::error!(error = error.log(), "the node number could not be leased again");
        }
    }
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
