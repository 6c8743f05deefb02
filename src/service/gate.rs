//! Gates: features that are on for a share of the users, and for whom is said by a stable hash of gate and user. So a raised
//! percentage only adds people, and everybody stays on the side on which they are.
//!
//! `roost gate` and the administration change them; the code asks `Gates::is_open`. Reads are from the process's own copy of
//! all gates, which is never older than two seconds.

mod cache;
mod set;

use std::collections::{BTreeMap, BTreeSet};

use entity::UserId;
use sea_orm::{ConnectionTrait, FromQueryResult};
use sha2::{Digest, Sha256};

use crate::db::sql;
use crate::error::Result;

pub use cache::{GateCache, current};
pub use set::{GateChange, set};

/// Asked with the author: whether their tweets may be merged in when a feed is read, or are pushed to every follower however
/// many there are.
pub const HYBRID_FANOUT: &str = "hybrid-fanout";

/// The gates that the code asks for, as they are until somebody sets them: name, percentage, description.
const SHIPPED: [(&str, i16, &str); 1] = [(
    HYBRID_FANOUT,
    100,
    "Whether tweets of an author with very many followers are merged in at read. Off: they are pushed to every follower.",
)];

/// A gate with everybody it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    pub name: String,
    /// 0 to 100.
    pub percent: i16,
    pub description: String,
    pub allowed: BTreeSet<UserId>,
    pub denied: BTreeSet<UserId>,
}

impl Gate {
    /// As the code has it before anybody has set it; none if the code does not ask for it.
    fn shipped(name: &str) -> Option<Self> {
        let (name, percent, description) = SHIPPED.into_iter().find(|(shipped, ..)| *shipped == name)?;
        Some(Self { name: name.to_owned(), percent, description: description.to_owned(), ..Self::default() })
    }

    /// Whether it is open for a user.
    pub fn is_open(&self, user: UserId) -> bool {
        !self.denied.contains(&user) && (self.allowed.contains(&user) || bucket(&self.name, user) < self.percent)
    }
}

/// In which of the hundred parts of the users somebody is, for this gate. It never changes: not with the percentage, and not
/// with the version of roost.
fn bucket(gate: &str, user: UserId) -> i16 {
    let hash = Sha256::digest(format!("{gate}:{user}"));
    let first = hash.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    i16::try_from(first % 100).unwrap_or(i16::MAX)
}

/// All gates at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gates(BTreeMap<String, Gate>);

impl Gates {
    /// Whether a gate is open for a user. One that nobody has set and that the code does not know is closed.
    pub fn is_open(&self, name: &str, user: UserId) -> bool {
        self.0.get(name).is_some_and(|gate| gate.is_open(user))
    }

    pub fn get(&self, name: &str) -> Option<&Gate> {
        self.0.get(name)
    }

    /// In the order of their names.
    pub fn all(&self) -> impl Iterator<Item = &Gate> {
        self.0.values()
    }
}

#[derive(FromQueryResult)]
struct Row {
    name: String,
    percent: i16,
    description: String,
    user_id: Option<UserId>,
    is_allowed: Option<bool>,
}

/// All gates as they are stored now, in one statement.
///
/// # Errors
/// Whatever the database says.
pub async fn read(db: &impl ConnectionTrait) -> Result<Gates> {
    let text = "SELECT g.name, g.percent, g.description, u.user_id, u.is_allowed
                FROM gate g LEFT JOIN gate_user u ON u.gate = g.name";
    let shipped = SHIPPED.into_iter().filter_map(|(name, ..)| Some((name.to_owned(), Gate::shipped(name)?)));
    let mut gates: BTreeMap<String, Gate> = shipped.collect();
    for Row { name, percent, description, user_id, is_allowed } in
        Row::find_by_statement(sql(db, text, [])).all(db).await?
    {
        let gate = gates.entry(name.clone()).or_default();
        (gate.name, gate.percent, gate.description) = (name, percent, description);
        match is_allowed {
            Some(true) => gate.allowed.extend(user_id),
            Some(false) => gate.denied.extend(user_id),
            None => (),
        }
    }
    Ok(Gates(gates))
}
