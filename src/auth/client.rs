//! From where somebody asks, and with what.

use crate::limit::address::Address;

#[derive(Clone, Debug)]
pub struct Client {
    pub address: Address,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}
