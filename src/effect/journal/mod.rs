//! The journal on disk: for each Kafka cluster of each context a file of lines of JSON, each an [`Entry`].
//!
//! An entry is on the disk before what it tells of is done. A castellan that was killed may leave a torn last
//! line: the next one begins a new line, and readers skip what is no entry. A file that grew long becomes the
//! older half of its journal; of the older half before it is kept what had not ended.

mod names;
#[cfg(test)]
mod tests;

use crate::{
    action::journal::{Entry, Told, Whose, tell},
    domain::Text,
};
use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// The journals' folder in the state folder.
pub const FOLDER: &str = "journal";
/// Endings of the older half, and of it while it is being written.
const OLDER: &str = "jsonl.old";
const NEXT: &str = "jsonl.new";
/// What was done is for its operator to read.
const MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;
/// A file that would be longer becomes the older half. It holds some thousand operations; where tens of
/// thousands of partitions are moved at once, an entry alone may be longer.
const LONG: u64 = 8 << 20;
/// Of an operation, at most.
const NAME: usize = 100;
/// What is written to see whether more can be: some entries' worth.
const PROBE: usize = 8 << 10;

/// A session that lives, or leads what another had begun: it holds a lock on a file of its own.
pub struct Life {
    path: PathBuf,
    _locked: File,
}

impl Life {
    /// Locks the file at `path`, which is made where there is none. None: another has it locked; `wait`: nobody
    /// has it for long.
    fn hold(path: PathBuf, wait: bool) -> io::Result<Option<Life>> {
        make(path.parent().unwrap_or(Path::new(".")))?;
        loop {
            let file = OpenOptions::new().create(true).append(true).mode(MODE).open(&path)?;
            if wait {
                file.lock()?;
            } else {
                match file.try_lock() {
                    Err(TryLockError::WouldBlock) => return Ok(None),
                    locked => locked?,
                }
            }
            // Whoever found it unlocked may have taken it away meanwhile: what is locked must be what others see.
            if is_at(&file, &path)? {
                return Ok(Some(Life { path, _locked: file }));
            }
        }
    }

    /// Whether somebody holds that file. One that nobody holds is taken away.
    fn is_held(path: &Path) -> bool {
        loop {
            let Ok(file) = File::open(path) else { return false };
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => return true,
                Err(TryLockError::Error(_)) => return false,
                Ok(()) => {}
            }
            match is_at(&file, path) {
                // Another took it away, and it may have been made anew.
                Ok(false) => {}
                Ok(true) => {
                    drop(fs::remove_file(path));
                    return false;
                }
                Err(_) => return false,
            }
        }
    }
}

/// Whether the file at `path` is that one.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    match fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        there => {
            let (there, file) = (there?, file.metadata()?);
            Ok((there.dev(), there.ino()) == (file.dev(), file.ino()))
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        // One that stays is taken away by whoever finds it unlocked.
        drop(fs::remove_file(&self.path));
    }
}

/// One cluster's journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    path: PathBuf,
}

impl Journal {
    /// The journal in the folder of journals.
    pub fn of(folder: &Path, whose: &Whose) -> Journal {
        Journal { path: folder.join(names::file(whose)) }
    }

    /// The cluster's name, and the context's, as far as the file's name tells them.
    pub fn names(&self) -> (String, String) {
        names::of_file(self.file_name()).unwrap_or_default()
    }

    fn file_name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// Adds an entry; it is on the disk when this returns.
    ///
    /// # Errors
    /// One sentence that says what to do.
    pub fn append(&self, entry: &Entry) -> Result<(), Text> {
        let line = serde_json::to_string(entry).map_err(|e| unwritable(&self.path, &e.into()))?;
        self.append_line(&line).map_err(|e| unwritable(&self.path, &e))
    }

    fn append_line(&self, line: &str) -> io::Result<()> {
        let new = !self.path.exists();
        if let Some(folder) = self.path.parent().filter(|_| new) {
            make(folder)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).read(true).mode(MODE).open(&self.path)?;
        // Released when the file is closed; others hold it for as long as one entry takes. Where a file
        // system knows no locks, appending whole lines has to do.
        if let Err(error) = file.lock() {
            tracing::debug!("the journal cannot be locked: {error}");
        }
        let about = file.metadata()?;
        if about.is_file() && about.permissions().mode() & 0o077 != 0 {
            // It may have been copied from elsewhere; whose it is, may keep it so.
            drop(file.set_permissions(Permissions::from_mode(MODE)));
        }
        if about.len() > 0 && about.len() + line.len() as u64 > LONG {
            // A journal that is too long is better than none.
            if let Err(error) = self.turn(&mut file) {
                tracing::warn!("the journal {} grows on: {error}", self.path.display());
            }
        }
        let start = if ends_torn(&mut file)? { "\n" } else { "" };
        file.write_all(format!("{start}{line}\n").as_bytes())?;
        file.sync_data()?;
        match self.path.parent() {
            Some(folder) if new => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    }

    /// What is in the file becomes the older half, with what had not ended of the older half before, and the
    /// file is empty again. Killed in between, some entries are there twice, which tell the same.
    fn turn(&self, file: &mut File) -> io::Result<()> {
        let (older, next) = (self.path.with_extension(OLDER), self.path.with_extension(NEXT));
        let before = read_if_there(&older)?;
        let mut present = Vec::new();
        file.rewind()?;
        file.read_to_end(&mut present)?;
        let all = entries(&before).chain(entries(&present)).map(|(entry, _)| entry);
        let open: BTreeSet<_> = tell(all).into_iter().filter(|t| t.ended.is_none()).map(|t| t.id).collect();
        let runs = entries(&before).filter(|(entry, _)| open.contains(&entry.operation));
        let mut half: Vec<u8> = runs.flat_map(|(_, line)| [line, b"\n"].concat()).collect();
        half.append(&mut present);
        if half.last() != Some(&b'\n') {
            half.push(b'\n');
        }
        let mut made = OpenOptions::new().create(true).truncate(true).write(true).mode(MODE).open(&next)?;
        made.write_all(&half)?;
        made.sync_all()?;
        fs::rename(&next, &older)?;
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        file.set_len(0)
    }

    /// What was kept, in order; nothing where there is no journal yet.
    ///
    /// # Errors
    /// One sentence.
    pub fn read(&self) -> Result<Vec<Entry>, Text> {
        let text = self.halves().map_err(|e| unreadable(&self.path, &e))?;
        let kept: Vec<Entry> = entries(&text).map(|(entry, _)| entry).collect();
        let lines = lines(&text).count();
        if lines > kept.len() {
            let strange = lines - kept.len();
            tracing::info!("{strange} lines of the journal {} are no entries", self.path.display());
        }
        Ok(kept)
    }

    /// The older half and then the other.
    fn halves(&self) -> io::Result<Vec<u8>> {
        let mut file = match File::open(&self.path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            file => file?,
        };
        // So that nobody moves entries from the one to the other meanwhile.
        if let Err(error) = file.lock_shared() {
            tracing::debug!("the journal cannot be locked: {error}");
        }
        let mut text = read_if_there(&self.path.with_extension(OLDER))?;
        file.read_to_end(&mut text)?;
        Ok(text)
    }

    /// Shows to others, until it is dropped, that the session of this operation lives. The lock goes with
    /// the process, however it ends.
    ///
    /// # Errors
    /// Where a file cannot be made beside the journal, or locked.
    pub fn live(&self, operation: &str) -> io::Result<Option<Life>> {
        match self.life_of(operation) {
            Some(path) => Life::hold(path, true),
            None => Ok(None),
        }
    }

    /// Takes the lead of an operation whose castellan ended, until it is dropped. None: another has it.
    ///
    /// # Errors
    /// Where a file cannot be made beside the journal, or locked.
    pub fn lead(&self, operation: &str) -> io::Result<Option<Life>> {
        match (self.life_of(operation), self.lead_of(operation)) {
            (Some(life), _) if Life::is_held(&life) => Ok(None),
            (_, Some(path)) => Life::hold(path, false),
            (_, None) => Err(io::Error::other("its name is no operation's")),
        }
    }

    /// Whether the session that began the operation lives, or another that leads it now, on this machine or
    /// where locks tell of others.
    fn lives(&self, operation: &str) -> bool {
        let locks = [self.life_of(operation), self.lead_of(operation)];
        locks.iter().flatten().any(|path| Life::is_held(path))
    }

    /// Operations are named by instant, session and number.
    fn life_of(&self, operation: &str) -> Option<PathBuf> {
        let session = operation.rsplit('-').nth(1)?;
        let plain = !session.is_empty() && session.bytes().all(|b| b.is_ascii_alphanumeric());
        plain.then(|| self.path.with_file_name(format!(".session-{session}")))
    }

    fn lead_of(&self, operation: &str) -> Option<PathBuf> {
        let plain =
            operation.len() <= NAME && operation.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        plain.then(|| self.path.with_file_name(format!(".lead-{operation}")))
    }

    /// Whether entries can be added, found out by writing as much as some of them take.
    ///
    /// # Errors
    /// One sentence that says what to do.
    pub fn check(&self) -> Result<(), Text> {
        self.probe().map_err(|e| unwritable(&self.path, &e))
    }

    fn probe(&self) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        make(folder)?;
        if self.path.exists() {
            OpenOptions::new().append(true).open(&self.path)?;
        }
        let probe = folder.join(format!(".probe-{}-{:08x}", std::process::id(), fastrand::u32(..)));
        let mut file = OpenOptions::new().create_new(true).write(true).mode(MODE).open(&probe)?;
        let written = file.write_all(&[b' '; PROBE]).and_then(|()| file.sync_all());
        let removed = fs::remove_file(&probe);
        written.and(removed)
    }
}

/// What the journals in the folder tell of a cluster's operations, with which of those that have not ended
/// are still run by a castellan. Of what was begun before Kafka had told the cluster's id, the journal is
/// another than of what was begun, or ended, afterwards.
///
/// # Errors
/// One sentence.
pub fn told(folder: &Path, whose: &Whose) -> Result<Vec<Told>, Text> {
    let journals = all(folder)?.into_iter();
    let journals: Vec<Journal> = journals.filter(|j| names::is_of(j.file_name(), whose)).collect();
    let open = tell(read(&journals)?).into_iter().filter(|told| told.ended.is_none());
    let lives = |id: &Text| journals.first().is_some_and(|journal| journal.lives(id));
    let dead: BTreeSet<_> = open.map(|told| told.id).filter(|id| !lives(id)).collect();
    // One that ended between the look at the entries and at its session has said so by now.
    let mut told = tell(read(&journals)?);
    told.iter_mut().for_each(|told| told.lives = told.ended.is_none() && !dead.contains(&told.id));
    Ok(told)
}

/// Takes the lead of an operation that nobody leads: the lock that shows it, and what the journals tell of it
/// now that nobody else adds to it.
///
/// # Errors
/// Why not, in one sentence: another leads it, it ended, or it is not of that cluster.
pub fn take_up(folder: &Path, whose: &Whose, operation: &str) -> Result<(Life, Told), Text> {
    let lead = Journal::of(folder, whose).lead(operation);
    let life = lead.map_err(|e| format!("that this castellan leads it cannot be shown to others: {e}"))?;
    let life = life.ok_or("another castellan leads it")?;
    let mut told = told(folder, whose)?.into_iter();
    match told.find(|told| *told.id == *operation) {
        Some(told) if told.ended.is_some() => Err("another castellan brought it to its end".into()),
        Some(told) => Ok((life, Told { lives: false, ..told })),
        None => Err("the journal of this cluster does not tell of it".into()),
    }
}

/// The entries of journals, in their order.
///
/// # Errors
/// One sentence.
pub fn read<'a>(journals: impl IntoIterator<Item = &'a Journal>) -> Result<Vec<Entry>, Text> {
    let kept: Result<Vec<Vec<Entry>>, Text> = journals.into_iter().map(Journal::read).collect();
    Ok(kept?.concat())
}

/// The folder's journals: by their clusters, then by their contexts, those without an id first.
///
/// # Errors
/// Where the folder is there and cannot be read; one sentence.
pub fn all(folder: &Path) -> Result<Vec<Journal>, Text> {
    let files = match fs::read_dir(folder) {
        Ok(files) => files,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(format!("{} cannot be read: {e}", folder.display()).into()),
    };
    let mut found = Vec::new();
    for file in files {
        let path = file.map_err(|e| unreadable(folder, &e))?.path();
        found.push(Journal { path });
    }
    found.retain(|journal| names::of_file(journal.file_name()).is_some());
    found.sort_by_cached_key(|journal| (journal.names(), journal.file_name().len()));
    Ok(found)
}

fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)
}

fn read_if_there(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        text => text,
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

/// The entries with their lines.
fn entries(text: &[u8]) -> impl Iterator<Item = (Entry, &[u8])> {
    lines(text).filter_map(|line| Some((serde_json::from_slice(line).ok()?, line)))
}

/// Whether the file ends within a line.
fn ends_torn(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn unreadable(path: &Path, error: &io::Error) -> Text {
    format!("the journal {} cannot be read: {error}", path.display()).into()
}

fn unwritable(path: &Path, error: &io::Error) -> Text {
    let why = error.to_string();
    let why = why.split(" (os error").next().unwrap_or_default().to_lowercase();
    let path = path.display();
    format!("the journal cannot be written: {path}: {why}; free some space or set XDG_STATE_HOME").into()
}
