//! Changing a gate: one transaction with its entries in the log.

use std::collections::BTreeSet;

use entity::audit::Action;
use entity::{UserId, gate, gate_user};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use serde_json::json;

use super::{Gate, read};
use crate::app::App;
use crate::db::{Transaction, on_conflict_nothing, sql};
use crate::error::{Error, Result, UserErrorCode};
use crate::service::audit::{self, Actor, Entry};
use crate::service::check::Faults;
use crate::service::{suspension, user};

/// How many people a gate may name: every process keeps them in memory.
const MOST: usize = 1_000;

/// What is to change; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct GateChange {
    pub percent: Option<i32>,
    pub description: Option<String>,
    /// For whom it is to be open whatever the percentage, and for whom closed.
    pub allow: Vec<UserId>,
    pub deny: Vec<UserId>,
    /// Whom it is to name no longer.
    pub unlist: Vec<UserId>,
}

/// Sets a gate, which is made if it is not there: at 0 percent, unless the code knows better.
///
/// # Errors
/// All that is wrong with it: INVALID for the name, the percentage or somebody named twice, NOT_FOUND for somebody who is not
/// there, TOO_MANY for more than 1,000 people.
pub async fn set(app: &App, actor: Actor, name: &str, change: &GateChange) -> Result<Gate> {
    let mut faults = Faults::default();
    faults.keep(check_name(name))?;
    faults.keep(check_percent(change.percent))?;
    faults.keep(check_description(change.description.as_deref()))?;
    faults.keep(check_people(app, change).await)?;
    faults.finish()?;
    let gate = app.db.retry(|| set_once(app, actor, name, change)).await?;
    app.gates.forget();
    Ok(gate)
}

fn check_name(name: &str) -> Result<()> {
    let is_well_formed =
        (1..=60).contains(&name.len()) && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if is_well_formed {
        return Ok(());
    }
    let message = "The name of a gate has 1 to 60 of the letters a to z, digits and -.";
    Err(Error::user(UserErrorCode::Invalid, "name", message))
}

fn check_percent(percent: Option<i32>) -> Result<()> {
    match percent {
        Some(percent) if !(0..=100).contains(&percent) => {
            let message = format!("The percentage is from 0 to 100, but this is {percent}.");
            Err(Error::user(UserErrorCode::Invalid, "percent", message))
        }
        _ => Ok(()),
    }
}

fn check_description(description: Option<&str>) -> Result<()> {
    let Some(description) = description else { return Ok(()) };
    let fault = |code, message: &str| Err(Error::user(code, "description", message));
    if description.len() > 1_000 {
        return fault(UserErrorCode::TooLong, "The description may have at most 1,000 bytes.");
    }
    if description.chars().any(|character| character.is_control() && character != '\n') {
        return fault(
            UserErrorCode::Invalid,
            "The description may not have control characters other than line breaks.",
        );
    }
    Ok(())
}

async fn check_people(app: &App, change: &GateChange) -> Result<()> {
    let mut faults = Faults::default();
    let lists = [("allow", &change.allow), ("deny", &change.deny), ("unlist", &change.unlist)];
    let mut seen = BTreeSet::new();
    for (field, list) in lists {
        if list.len() > MOST {
            faults.keep::<()>(Err(too_many(field)))?;
        } else if list.iter().collect::<BTreeSet<_>>().iter().any(|user| !seen.insert(**user)) {
            let message = "The same person cannot stand in two of the lists.";
            faults.keep::<()>(Err(Error::user(UserErrorCode::Invalid, field, message)))?;
        } else if !list.is_empty() && field != "unlist" {
            let there: BTreeSet<UserId> =
                user::by_ids(app.db.read(), list).await?.into_iter().map(|(user, _)| user.id).collect();
            if list.iter().any(|user| !there.contains(user)) {
                faults.keep::<()>(Err(Error::not_found("user", field)))?;
            }
        }
    }
    faults.finish()
}

fn too_many(field: &'static str) -> Error {
    Error::user(UserErrorCode::TooMany, field, format!("A gate may name at most {MOST} people."))
}

async fn set_once(app: &App, actor: Actor, name: &str, change: &GateChange) -> Result<Gate> {
    let tx = app.db.begin().await?;
    let named: Vec<UserId> = change.allow.iter().chain(&change.deny).copied().collect();
    suspension::lock_staying(&tx, &named).await?;
    let stored = lock(&tx, name).await?;
    let mut gate = read(&tx).await?.get(name).cloned().unwrap_or_default();
    let old = stored.or_else(|| Gate::shipped(name)).map(|gate| said(&gate));
    gate.percent = change.percent.map_or(Ok(gate.percent), i16::try_from).map_err(Error::internal)?;
    gate.description = change.description.as_deref().unwrap_or(&gate.description).trim().to_owned();
    let new = Some(said(&gate));
    if old != new {
        let row = gate::ActiveModel {
            percent: Set(gate.percent),
            description: Set(gate.description.clone()),
            ..Default::default()
        };
        gate::Entity::update_many().set(row).filter(gate::Column::Name.eq(name)).exec(&tx).await?;
        audit::record(app, &tx, actor, Entry::new(Action::GateChanged).gate(name).values(old, new)).await?;
    }
    for (users, wanted) in [(&change.allow, Some(true)), (&change.deny, Some(false)), (&change.unlist, None)] {
        for user in users {
            list(app, &tx, actor, &mut gate, *user, wanted).await?;
        }
    }
    if gate.allowed.len() + gate.denied.len() > MOST {
        return Err(too_many("allow"));
    }
    tx.commit().await?;
    Ok(gate)
}

/// Makes the row if it is not there, and locks it. Returns what stood there before; none if it is new.
async fn lock(tx: &Transaction, name: &str) -> Result<Option<Gate>> {
    let shipped = Gate::shipped(name).unwrap_or_default();
    let before = gate::Entity::find_by_id(name.to_owned()).lock_exclusive().one(tx).await?;
    if let Some(gate::Model { name, percent, description }) = before {
        return Ok(Some(Gate { name, percent, description, ..Gate::default() }));
    }
    let text =
        format!("INSERT INTO gate (name, percent, description) VALUES (?, ?, ?) {}", on_conflict_nothing(tx, "name"));
    tx.execute_raw(sql(tx, &text, [name.into(), shipped.percent.into(), shipped.description.into()])).await?;
    gate::Entity::find_by_id(name.to_owned()).lock_exclusive().one(tx).await?;
    Ok(None)
}

/// What the log says of a gate. The people it names have entries of their own, from which they can be taken out.
fn said(gate: &Gate) -> String {
    json!({ "percent": gate.percent, "description": gate.description }).to_string()
}

/// Makes the gate name somebody as allowed or denied, or not at all.
async fn list(
    app: &App,
    tx: &Transaction,
    actor: Actor,
    gate: &mut Gate,
    user: UserId,
    wanted: Option<bool>,
) -> Result<()> {
    let is_allowed = gate.allowed.contains(&user).then_some(true).or(gate.denied.contains(&user).then_some(false));
    if is_allowed == wanted {
        return Ok(());
    }
    gate.allowed.remove(&user);
    gate.denied.remove(&user);
    gate_user::Entity::delete_by_id((gate.name.clone(), user)).exec(tx).await?;
    if let Some(is_allowed) = wanted {
        if is_allowed {
            gate.allowed.insert(user)
        } else {
            gate.denied.insert(user)
        };
        let row =
            gate_user::ActiveModel { gate: Set(gate.name.clone()), user_id: Set(user), is_allowed: Set(is_allowed) };
        gate_user::Entity::insert(row).exec_without_returning(tx).await?;
    }
    let word = |is_allowed: Option<bool>| is_allowed.map(|it| if it { "allowed" } else { "denied" }.to_owned());
    let entry = Entry::new(Action::GateListChanged).gate(&gate.name).user(user);
    audit::record(app, tx, actor, entry.values(word(is_allowed), word(wanted))).await
}
