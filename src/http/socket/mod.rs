//! GraphQL over WebSocket: the subprotocol graphql-transport-ws, as PROTOCOL.md of enisdenjo/graphql-ws has it.

mod connection;
mod protocol;

use std::sync::Arc;

use async_graphql_axum::GraphQLProtocol;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::Server;
use super::answer::Rejection;
use super::graphql;
use super::identity::identify;
use super::origin;
use crate::auth::Client;

const SUBPROTOCOL: &str = "graphql-transport-ws";
/// The longest message that a client may send, in bytes.
const LONGEST_MESSAGE: usize = 64 * 1024;
/// Bytes that each socket keeps for reading and writing. The defaults would cost 256 KiB a socket.
const BUFFER: usize = 1024;

/// Turns a GET with `Upgrade: websocket` into a socket. Any other GET is a request.
pub async fn or_get(
    State(server): State<Arc<Server>>,
    client: Client,
    headers: HeaderMap,
    uri: Uri,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    protocol: Result<GraphQLProtocol, StatusCode>,
) -> Response {
    match upgrade {
        Ok(upgrade) => open(server, client, headers, upgrade, protocol.is_ok()).await,
        Err(rejection) if headers.contains_key(header::UPGRADE) => {
            let message = format!("This is no handshake of a WebSocket: {}.", rejection.body_text());
            Rejection::new(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", message).into_response()
        }
        Err(_) => graphql::get(&server, client, &headers, &uri).await,
    }
}

async fn open(
    server: Arc<Server>,
    client: Client,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
    is_graphql: bool,
) -> Response {
    if !is_graphql {
        let message = format!("Ask for the subprotocol {SUBPROTOCOL} in Sec-WebSocket-Protocol.");
        return Rejection::new(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", message).into_response();
    }
    if !origin::is_allowed(&server.app.config, &headers) {
        let message = "Pages of this origin may not open sockets here. The server's public_url says which may.";
        return Rejection::new(StatusCode::FORBIDDEN, "FORBIDDEN", message).into_response();
    }
    let viewer = match identify(&server.app, &headers).await {
        Ok(identity) => identity.viewer,
        Err(rejection) => return rejection.into_response(),
    };
    let (sockets, open) = (server.sockets.clone(), server.app.metrics.open_socket());
    upgrade
        .protocols([SUBPROTOCOL])
        .max_message_size(LONGEST_MESSAGE)
        .max_frame_size(LONGEST_MESSAGE)
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .on_upgrade(move |mut socket| {
            // Boxed, for what holds a future is as large as the future, more than once.
            sockets.track_future(Box::pin(async move {
                connection::serve(server, &mut socket, viewer, client).await;
                drop(open);
            }))
        })
}
