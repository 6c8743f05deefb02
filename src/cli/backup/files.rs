//! Files, copied with their hashes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::path::Path;

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

/// Hashes by the paths of the files in the backup.
pub type Sums = BTreeMap<String, String>;

const CHUNK: usize = 128 * 1024;

/// Copies a file and returns its hash; none if there is no such file. The folder for the copy is made, and the copy is on the disk
/// when this returns.
///
/// # Errors
/// When it cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> anyhow::Result<Option<String>> {
    let source = match File::open(from) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.with_context(|| format!("{} cannot be read", from.display()))?,
    };
    let copied = || {
        fs::create_dir_all(to.parent().unwrap_or(to))?;
        let mut target = File::create_new(to)?;
        let hash = pass(source, &mut target)?;
        target.sync_all().map(|()| hash)
    };
    copied().map(Some).with_context(|| format!("{} cannot be copied to {}", from.display(), to.display()))
}

/// # Errors
/// When the file cannot be read.
pub fn hash(file: &Path) -> anyhow::Result<String> {
    let hashed = File::open(file).and_then(|file| pass(file, &mut io::sink()));
    hashed.with_context(|| format!("{} cannot be read", file.display()))
}

fn pass(mut from: impl Read, to: &mut impl Write) -> io::Result<String> {
    let (mut hash, mut chunk) = (Sha256::new(), vec![0; CHUNK]);
    loop {
        let read = from.read(&mut chunk)?;
        let Some(bytes) = chunk.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hash.update(bytes);
        to.write_all(bytes)?;
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes the hashes as `sha256sum` does.
///
/// # Errors
/// When the file cannot be written.
pub fn write_sums(file: &Path, sums: &Sums) -> anyhow::Result<()> {
    let lines: String = sums.iter().map(|(path, hash)| format!("{hash}  {path}\n")).collect();
    write(file, &lines)
}

/// # Errors
/// When the file cannot be read, or a line is none that `write_sums` writes.
pub fn read_sums(file: &Path) -> anyhow::Result<Sums> {
    let opened = File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let mut sums = Sums::new();
    for line in BufReader::new(opened).lines() {
        let line = line.with_context(|| format!("{} cannot be read", file.display()))?;
        let Some((hash, path)) = line.split_once("  ") else {
            bail!("{} has a line that is none: {line}", file.display())
        };
        sums.insert(path.to_owned(), hash.to_owned());
    }
    Ok(sums)
}

/// Writes a small file so that it is on the disk.
///
/// # Errors
/// When it cannot be written.
pub fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let written = File::create(file).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.with_context(|| format!("{} cannot be written", file.display()))
}

/// Has the names in a folder on the disk.
pub fn sync_folder(folder: &Path) {
    // Where folders cannot be synced, they need not be.
    drop(File::open(folder).and_then(|folder| folder.sync_all()));
}

/// The first name in a folder; none if it is empty, or not there.
///
/// # Errors
/// When it is something else, or cannot be read.
pub fn first_in(folder: &Path) -> anyhow::Result<Option<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        entries => entries.with_context(|| format!("The folder {} cannot be read", folder.display()))?,
    };
    Ok(entries.flatten().next().map(|entry| entry.file_name().to_string_lossy().into_owned()))
}
