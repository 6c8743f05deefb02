//! From the connection and the headers of a request to the client.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header;
use axum::http::request::Parts;

use super::Server;
use crate::auth::Client;

const FORWARDED_FOR: &str = "x-forwarded-for";

impl FromRequestParts<Arc<Server>> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, Infallible> {
        // Without a connection there is one client: that is so in tests alone.
        let connected = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = connected.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |connected| connected.0.ip());
        let forwarded = parts.headers.get_all(FORWARDED_FOR).iter();
        // What is no text is no address either, and ends what can be read of the list.
        let forwarded = forwarded.map(|value| value.to_str().unwrap_or("?")).collect::<Vec<_>>();
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let address = server.app.config.trusted_proxies.client(peer, forwarded.into_iter());
        Ok(Self { address, user_agent: user_agent.map(ToOwned::to_owned) })
    }
}
