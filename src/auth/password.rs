//! Passwords: argon2id, away from the threads that answer requests, and never more at a time than there are cores.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Config;
use crate::error::{Error, Result};

/// How many hashes may wait for a core; one more is told to come back later. At 50 ms each that is a wait of a few seconds.
const QUEUE: usize = 128;

#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    /// Verified against when there is no such user, so that the answer takes the same time.
    decoy: Arc<str>,
    cores: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

/// Argon2 does not work with these settings: mostly the machine has not so much memory.
#[derive(Debug, thiserror::Error)]
#[error("argon2_memory_kib = {memory} with argon2_passes = {passes} cannot be used: {cause}")]
pub struct ArgonError {
    memory: u32,
    passes: u32,
    cause: String,
}

impl From<ArgonError> for Error {
    fn from(error: ArgonError) -> Self {
        Self::Internal(Arc::new(error.into()))
    }
}

impl Passwords {
    /// # Errors
    /// When argon2 cannot work with the configured memory or passes.
    pub fn new(config: &Config) -> Result<Self, ArgonError> {
        let (memory, passes) = (config.argon2_memory_kib, config.argon2_passes);
        let unusable = |cause: &dyn std::fmt::Display| ArgonError { memory, passes, cause: cause.to_string() };
        let params = Params::new(memory, passes, 1, None).map_err(|error| unusable(&error))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = argon2.hash_password(b"decoy").map_err(|error| unusable(&error))?.to_string().into();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self { argon2, decoy, cores: Arc::new(Semaphore::new(cores)), queue: Arc::new(Semaphore::new(QUEUE)) })
    }

    /// The password's hash in PHC string format, with a salt of its own.
    ///
    /// # Errors
    /// UNAVAILABLE when too many wait already.
    pub async fn hash(&self, password: String) -> Result<String> {
        let argon2 = self.argon2.clone();
        self.on_a_core(move || {
            argon2.hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(|error| failed(&error))
        })
        .await
    }

    /// Whether the password belongs to the hash. Without a hash it never does, and takes as long to say so.
    ///
    /// # Errors
    /// UNAVAILABLE when too many wait already; INTERNAL when the stored hash cannot be read.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        let argon2 = self.argon2.clone();
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.to_string());
        self.on_a_core(move || {
            let hash = PasswordHash::new(&hash).map_err(|error| failed(&error))?;
            Ok(argon2.verify_password(password.as_bytes(), &hash).is_ok() && known)
        })
        .await
    }

    async fn on_a_core<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let place: OwnedSemaphorePermit =
            Arc::clone(&self.queue).try_acquire_owned().map_err(|_full| Error::Unavailable)?;
        let core = Arc::clone(&self.cores).acquire_owned().await.map_err(Error::internal)?;
        // The permits go into the blocking task: a request that is cancelled does not stop the hashing.
        tokio::task::spawn_blocking(move || {
            let _held = (place, core);
            work()
        })
        .await
        .map_err(Error::internal)?
    }
}

fn failed(error: &impl std::fmt::Display) -> Error {
    Error::internal(format!("argon2: {error}"))
}
