//! GraphQL over HTTP, GraphiQL, and what watches over the server.

mod answers;
mod batch;
mod browsers;
mod connections;
mod content;
mod events;
pub mod get;
mod graphiql;
mod headers;
mod health;
mod introspection;
pub mod persisted;
mod requests;
mod trusted;
