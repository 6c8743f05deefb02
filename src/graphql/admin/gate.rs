//! Gates, as administrators see and change them.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::UserId;

use super::actor;
use crate::error::Result;
use crate::graphql::ContextExt;
use crate::graphql::id::GlobalId;
use crate::graphql::payload::{UserError, answer, payloads};
use crate::graphql::user::User;
use crate::service::gate::{self, GateChange};

/// A feature that is on for a share of the users. Who is in is decided by a stable hash of gate and user, so that a raised
/// percentage only adds people.
#[derive(Clone, Debug)]
pub struct Gate(pub gate::Gate);

/// A feature that is on for a share of the users. Who is in is decided by a stable hash of gate and user, so that a raised
/// percentage only adds people.
#[Object]
impl Gate {
    /// Globally unique.
    pub async fn id(&self) -> ID {
        GlobalId::Gate(self.0.name.clone()).encode()
    }

    /// By what the code asks for it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// For how many of a hundred users it is open.
    async fn percent(&self) -> i16 {
        self.0.percent
    }

    /// What it is about.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// For whom it is open whatever the percentage, at most 1,000.
    async fn allowed(&self) -> Vec<User> {
        self.0.allowed.iter().copied().map(User).collect()
    }

    /// For whom it is closed whatever the percentage, at most 1,000.
    async fn denied(&self) -> Vec<User> {
        self.0.denied.iter().copied().map(User).collect()
    }

    /// Whether it is open for a user.
    async fn is_open(&self, #[graphql(desc = "Whom to ask it of.")] user_id: ID) -> Result<bool> {
        Ok(match GlobalId::decode(&user_id)? {
            GlobalId::User(user) => self.0.is_open(user),
            _ => false,
        })
    }
}

/// What is left out stays as it is.
#[derive(InputObject)]
struct AdminSetGateInput {
    /// 1 to 60 of a-z, 0-9 and -. The gate is made if it is not there.
    name: String,
    /// 0 to 100.
    percent: Option<i32>,
    /// What it is about, at most 1,000 bytes.
    description: Option<String>,
    /// For whom it is to be open whatever the percentage.
    allow: Option<Vec<ID>>,
    /// For whom it is to be closed whatever the percentage.
    deny: Option<Vec<ID>>,
    /// For whom the percentage is to decide again.
    unlist: Option<Vec<ID>>,
}

/// The gate as it is now.
#[derive(Default, SimpleObject)]
struct AdminSetGatePayload {
    /// The gate as it is now.
    gate: Option<Gate>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

payloads!(AdminSetGatePayload);

#[derive(Default)]
pub struct GateMutation;

#[Object]
impl GateMutation {
    /// Changes a gate. It acts at once in this process and within seconds in all others.
    async fn admin_set_gate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The gate, and what is to change.")] input: AdminSetGateInput,
    ) -> Option<Result<AdminSetGatePayload>> {
        answer(set(ctx, input).await)
    }
}

async fn set(ctx: &Context<'_>, input: AdminSetGateInput) -> Result<AdminSetGatePayload> {
    let actor = actor(ctx).await?;
    let change = GateChange {
        percent: input.percent,
        description: input.description,
        allow: users(input.allow)?,
        deny: users(input.deny)?,
        unlist: users(input.unlist)?,
    };
    let gate = gate::set(ctx.app(), actor, &input.name, &change).await?;
    ctx.loaders().clear();
    Ok(AdminSetGatePayload { gate: Some(Gate(gate)), user_errors: Vec::new() })
}

fn users(ids: Option<Vec<ID>>) -> Result<Vec<UserId>> {
    let user = |id: &ID| match GlobalId::decode(id)? {
        GlobalId::User(user) => Ok(user),
        // Nobody has this one: it is told as not found, together with the other faults.
        _ => Ok(UserId(0)),
    };
    ids.unwrap_or_default().iter().map(user).collect()
}
