//! What mutations count against the limits on how often somebody may do something.

use std::sync::{Mutex, PoisonError};

use async_graphql::Context;
use entity::UserId;

use super::ContextExt;
use crate::error::{Error, Result, UserErrorCode};
use crate::limit::rate::{Account, Action, Demand, Standing, Subject};

/// How the client of a request stands with the limit that binds.
#[derive(Default)]
pub struct Standings(Mutex<Option<Standing>>);

impl Standings {
    /// Remembers it if it binds before those of earlier.
    pub fn note(&self, standing: Standing) {
        let mut binding = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if binding.is_none_or(|known| !known.binds_before(&standing)) {
            *binding = Some(standing);
        }
    }

    pub fn binding(&self) -> Option<Standing> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts what a user does, all of it or none.
///
/// # Errors
/// RATE_LIMITED.
pub async fn charge_user(ctx: &Context<'_>, user: UserId, done: &[(Action, usize)]) -> Result<()> {
    let demand = |(action, times): &(Action, usize)| Demand {
        action: *action,
        subject: Subject::User(user),
        cost: *times as u64,
    };
    charge(ctx, &done.iter().map(demand).collect::<Vec<_>>()).await
}

/// Counts a sign-up.
///
/// # Errors
/// RATE_LIMITED.
pub async fn charge_sign_up(ctx: &Context<'_>) -> Result<()> {
    let subject = Subject::Address(ctx.request().client.address);
    charge(ctx, &[Demand { action: Action::SignUps, subject, cost: 1 }]).await
}

/// Does something for which a password is asked. Every try counts, and failures make the next one wait.
///
/// # Errors
/// RATE_LIMITED, or what the work answers.
pub async fn with_password<T>(ctx: &Context<'_>, account: Account, work: impl Future<Output = Result<T>>) -> Result<T> {
    let address = ctx.request().client.address;
    let by_account = Demand { action: Action::LogIns, subject: Subject::Account(account, address), cost: 1 };
    let by_address = Demand { action: Action::LogInsByAddress, subject: Subject::Address(address), cost: 1 };
    // If both bind alike, headers speak of the first: a success does not forget that one.
    charge(ctx, &[by_address, by_account]).await?;
    let done = work.await;
    match &done {
        Ok(_) => ctx.app().rates.succeeded(account, address).await,
        Err(Error::User(faults)) if faults.iter().any(|fault| fault.code == UserErrorCode::WrongCredentials) => {
            ctx.app().rates.failed(account, address).await;
        }
        Err(_) => (),
    }
    done
}

async fn charge(ctx: &Context<'_>, demands: &[Demand]) -> Result<()> {
    let (standing, done) = match ctx.app().rates.take(demands).await {
        Ok(standing) => (standing, Ok(())),
        Err(limited) => (Some(limited.standing), Err(limited.into())),
    };
    if let Some(standing) = standing {
        ctx.request().rates.note(standing);
    }
    done
}
