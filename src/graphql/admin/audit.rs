//! The log of the administration.

use async_graphql::{Enum, ID, Object, SimpleObject};
use entity::audit::{self, Action};

use crate::graphql::cursor::{Cursor, Kind};
use crate::graphql::id::GlobalId;
use crate::graphql::page::connection;
use crate::graphql::scalar::DateTime;
use crate::graphql::user::User;

/// Something that an administrator did.
#[derive(Clone, Debug)]
pub struct AuditEntry(pub audit::Model);

/// Something that an administrator did.
#[Object]
impl AuditEntry {
    /// Globally unique.
    pub async fn id(&self) -> ID {
        GlobalId::AuditEntry(self.0.id).encode()
    }

    /// When.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// By which way.
    async fn origin(&self) -> AuditOrigin {
        self.0.origin.into()
    }

    /// Who did it; null for the command line, and when the administrator has been deleted since.
    async fn actor(&self) -> Option<User> {
        self.0.actor_id.map(User)
    }

    /// What was done.
    async fn action(&self) -> AuditAction {
        self.0.action.into()
    }

    /// To whom; null when it was done to nobody, and when they have been deleted since.
    async fn user(&self) -> Option<User> {
        self.0.user_id.map(User)
    }

    /// The name of the gate, if it was done to one.
    async fn gate(&self) -> Option<&str> {
        self.0.gate.as_deref()
    }

    /// What it was before.
    async fn old_value(&self) -> Option<&str> {
        self.0.old_value.as_deref()
    }

    /// What it was after.
    async fn new_value(&self) -> Option<&str> {
        self.0.new_value.as_deref()
    }
}

/// By which way administrators do things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "audit::Origin")]
pub enum AuditOrigin {
    /// By `roost` on the machine.
    CommandLine,
    /// By a mutation.
    Api,
}

/// What administrators do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Action")]
pub enum AuditAction {
    /// Somebody's account was made for them.
    UserCreated,
    /// Somebody was suspended.
    UserSuspended,
    /// Somebody was restored.
    UserRestored,
    /// Somebody was deleted.
    UserDeleted,
    /// Somebody became an administrator.
    UserPromoted,
    /// Somebody is no administrator any more.
    UserDemoted,
    /// Somebody was given another password.
    PasswordReset,
    /// The percentage or the description of a gate was changed.
    GateChanged,
    /// A gate names somebody whom it did not, or the other way round.
    GateListChanged,
    /// Dead letters were put back into the queue.
    DeadLettersRetried,
    /// Dead letters were forgotten.
    DeadLettersDropped,
}

connection! {
    /// What administrators did, latest first.
    AuditConnection, AuditEdge, AuditEntry
}

/// An entry in the log.
#[derive(Clone, SimpleObject)]
pub struct AuditEdge {
    /// Where it stands in the list.
    pub cursor: Cursor,
    /// The entry.
    pub node: AuditEntry,
}

impl AuditEdge {
    pub fn new(row: audit::Model) -> Self {
        Self { cursor: Kind::Audit.encode(row.id.0), node: AuditEntry(row) }
    }
}
