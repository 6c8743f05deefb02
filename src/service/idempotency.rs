//! Idempotency keys: a mutation that is repeated with the key and the input of the first time changes nothing.

use entity::{UserId, idempotency};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::clock::DAY;
use crate::db::Transaction;
use crate::error::{Error, Result, UserErrorCode};

/// How long a key is remembered.
const KEPT: i64 = DAY;
/// The longest key, in bytes.
const LONGEST: usize = 100;

/// # Errors
/// TOO_SHORT or TOO_LONG for the field `idempotencyKey`.
pub fn check(key: &str) -> Result<()> {
    let fault = |code, message: &str| Err(Error::user(code, "idempotencyKey", message));
    match key.len() {
        0 => fault(UserErrorCode::TooShort, "The idempotency key may not be empty."),
        _ if key.contains('\0') => fault(UserErrorCode::Invalid, "The idempotency key may not have null characters."),
        1..=LONGEST => Ok(()),
        _ => fault(UserErrorCode::TooLong, "The idempotency key may have at most 100 bytes."),
    }
}

/// The same without the lock, for those who have much to do before they take it. Ask again under the lock.
///
/// # Errors
/// IDEMPOTENCY_MISMATCH when the input was another one.
pub async fn peek(app: &App, user: UserId, key: &str, input: &impl serde::Serialize) -> Result<Option<i64>> {
    let first = idempotency::Entity::find_by_id((user, key.to_owned())).one(app.db.read()).await?;
    let Some(first) = first.filter(|first| app.clock.now() - first.created_at < KEPT) else { return Ok(None) };
    if first.input_hash == hash(input)? { Ok(Some(first.result_id)) } else { Err(Error::IdempotencyMismatch) }
}

/// The key as it is kept for things of another kind than tweets, so that one key makes one thing of each kind. Never longer
/// than a key may be.
pub fn scoped(kind: &str, key: &str) -> String {
    format!("{kind}:{}", hex(key.as_bytes()))
}

/// What the key made the first time, if there was one. The user's lock row is held, so that no two look at once.
///
/// # Errors
/// IDEMPOTENCY_MISMATCH when the input was another one.
pub async fn find(
    app: &App,
    tx: &Transaction,
    user: UserId,
    key: &str,
    input: &impl serde::Serialize,
) -> Result<Option<i64>> {
    let Some(first) = idempotency::Entity::find_by_id((user, key.to_owned())).one(tx).await? else { return Ok(None) };
    if app.clock.now() - first.created_at >= KEPT {
        idempotency::Entity::delete_by_id((user, key.to_owned())).exec(tx).await?;
        return Ok(None);
    }
    if first.input_hash != hash(input)? {
        return Err(Error::IdempotencyMismatch);
    }
    Ok(Some(first.result_id))
}

/// Remembers what the key made.
///
/// # Errors
/// Whatever the database says.
pub async fn keep(
    app: &App,
    tx: &Transaction,
    user: UserId,
    key: &str,
    input: &impl serde::Serialize,
    result: i64,
) -> Result<()> {
    let row = idempotency::ActiveModel {
        user_id: Set(user),
        key: Set(key.to_owned()),
        input_hash: Set(hash(input)?),
        result_id: Set(result),
        created_at: Set(app.clock.now()),
    };
    idempotency::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Forgets the keys that are too old to be asked for, and returns how many.
///
/// # Errors
/// Whatever the database says.
pub async fn sweep(app: &App) -> Result<u64> {
    let old = idempotency::Column::CreatedAt.lte(app.clock.now() - KEPT);
    Ok(idempotency::Entity::delete_many().filter(old).exec(app.db.write()).await?.rows_affected)
}

fn hash(input: &impl serde::Serialize) -> Result<String> {
    Ok(hex(&serde_json::to_vec(input)?))
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
