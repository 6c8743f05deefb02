//! GraphQL over HTTP, GraphiQL, and what watches over the server.

mod answers;
mod graphiql;
mod health;
mod requests;
