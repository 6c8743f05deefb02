//! The process's own copy of all gates. They are asked for with every delivery, and change once in a while.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sea_orm::ConnectionTrait;

use super::{Gates, read};
use crate::app::App;
use crate::clock::SECOND;
use crate::error::Result;

/// How long other processes may go on by what they have read, in milliseconds.
const FRESH: i64 = 2 * SECOND;

#[derive(Clone, Default)]
pub struct GateCache {
    copy: Arc<Mutex<Copy>>,
}

#[derive(Default)]
struct Copy {
    /// With the time at which it was read.
    gates: Option<(Arc<Gates>, i64)>,
    /// How often it was forgotten. What was read before must not be kept after.
    forgotten: u64,
}

impl GateCache {
    /// To be called after a change was committed: in this process it acts at once.
    pub fn forget(&self) {
        let mut copy = self.lock();
        copy.gates = None;
        copy.forgotten += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Copy> {
        self.copy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All gates, no older than two seconds. They are read by the connection that the caller has: one more, out of a pool that is
/// used up, might never come.
///
/// # Errors
/// Whatever the database says.
pub async fn current(app: &App, db: &impl ConnectionTrait) -> Result<Arc<Gates>> {
    let now = app.clock.now();
    let forgotten = {
        let copy = app.gates.lock();
        match &copy.gates {
            // A clock that was put back makes nothing younger.
            Some((gates, at)) if (0..FRESH).contains(&(now - at)) => return Ok(Arc::clone(gates)),
            _ => copy.forgotten,
        }
    };
    let gates = Arc::new(read(db).await?);
    let mut copy = app.gates.lock();
    if copy.forgotten == forgotten {
        copy.gates = Some((Arc::clone(&gates), now));
    }
    Ok(gates)
}
