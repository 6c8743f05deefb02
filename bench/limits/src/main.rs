//! What a server written by hand reaches on roost's data: the limits that `bench/run` holds roost against.
//!
//! `GET /home-lean` and `GET /home-full` answer what the two queries of the same names answer, byte for byte, to the person
//! whose session token stands in `Authorization`. There are three ways, each a mode of its own: `sql` has the database make the
//! JSON in one statement, `rows` reads rows and makes the JSON here, `cached` is limit L (`cached.rs` says what it does).

mod answer;
mod cached;
mod pool;
mod rows;
mod sql;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use clap::{Parser, ValueEnum};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

/// The same as roost's, so that no difference comes from it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Args {
    mode: Mode,
    #[arg(long)]
    listen: SocketAddr,
    #[arg(long)]
    database_url: String,
    #[arg(long)]
    redis_url: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Mode {
    Sql,
    Rows,
    Cached,
}

enum Server {
    Sql(sql::Sql),
    Rows(rows::Rows),
    Cached(Box<cached::Cached>),
}

/// What is asked of the home feed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Page {
    Lean,
    Full,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let server = match args.mode {
        Mode::Sql => Server::Sql(sql::Sql::open(&args.database_url).await?),
        Mode::Rows => Server::Rows(rows::Rows::open(&args.database_url).await?),
        Mode::Cached => Server::Cached(Box::new(cached::Cached::open(&args.database_url, &args.redis_url).await?)),
    };
    let router =
        Router::new().route("/home-lean", get(home)).route("/home-full", get(home)).with_state(Arc::new(server));
    axum::serve(TcpListener::bind(args.listen).await?, router).await?;
    Ok(())
}

async fn home(State(server): State<Arc<Server>>, request: Request) -> Response {
    let page = if request.uri().path() == "/home-full" { Page::Full } else { Page::Lean };
    let Some(token) = token(request.headers()) else { return StatusCode::UNAUTHORIZED.into_response() };
    let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    let answer = match &*server {
        Server::Sql(sql) => sql.home(&hash, page).await,
        Server::Rows(rows) => rows.home(&hash, page).await,
        Server::Cached(cached) => cached.home(&hash, page).await,
    };
    match answer {
        Ok(Some(body)) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Ok(None) => StatusCode::UNAUTHORIZED.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// As the table of sessions has it.
fn hexadecimal(hash: &[u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
