//! roost: a self-hosted Twitter-style back end with a GraphQL API.
//!
//! Floors, from the outside in (ARCHITECTURE.md has the map and what may call what):
//! `http` takes requests and sockets, `auth` says who asks, `graphql` gives shapes and names, `loader` batches reads,
//! `service` holds the rules and the SQL, `worker` handles the messages that `bus` keeps, `live` wakes those who listen,
//! `media` cleans and keeps pictures, `cache` spares the database what it has said already.

pub mod app;
pub mod auth;
mod breaker;
pub mod bus;
pub mod cache;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod error;
pub mod failpoint;
pub mod graphql;
pub mod http;
pub mod ids;
pub mod limit;
pub mod live;
pub mod loader;
pub mod media;
pub mod metrics;
pub mod recent;
pub mod redis;
pub mod service;
pub mod trace;
pub mod worker;
