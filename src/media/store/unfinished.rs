//! What a crash in the middle of a `put` leaves in a folder.
//!
//! `object_store` writes to `name#1` and renames; if the process dies between, the `#1` stays, and `object_store` itself
//! never shows it again.

use std::{fs, io, path::PathBuf, time::SystemTime};

use tokio::task::spawn_blocking;

use super::StoreError;

/// Removes such files below `root` that were last written before `cutoff`; answers with how many.
pub(super) async fn remove(root: PathBuf, cutoff: SystemTime) -> Result<usize, StoreError> {
    let swept = spawn_blocking(move || sweep(root, cutoff)).await;
    let swept = swept.map_err(|panic| StoreError::Unavailable(Box::new(panic)))?;
    swept.map_err(|error| StoreError::Unavailable(Box::new(error)))
}

fn sweep(root: PathBuf, cutoff: SystemTime) -> io::Result<usize> {
    let mut removed = 0;
    for shard in fs::read_dir(root)? {
        let shard = shard?;
        if !shard.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(shard.path())? {
            let file = file?;
            let unfinished = file.file_name().to_str().is_some_and(|name| name.contains('#'));
            // An error here is a file that was finished just now.
            let forgotten = || file.metadata().and_then(|meta| meta.modified()).is_ok_and(|time| time < cutoff);
            if unfinished && forgotten() {
                fs::remove_file(file.path())?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}
