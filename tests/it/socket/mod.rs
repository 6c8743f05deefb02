//! Sockets: the subprotocol graphql-transport-ws, who may open one, and what comes over it.

mod feed;
mod handshake;
mod messages;
mod notifications;
mod operations;
