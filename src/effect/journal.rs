//! The journal on disk: for each Kafka cluster a file of lines of JSON, each an [`Entry`], only ever
//! appended to.
//!
//! An entry is on the disk before what it tells of is done. A castellan that was killed may leave a torn last
//! line: the next one begins a new line, and readers skip what is no entry.

use crate::{
    action::journal::{Entry, Told, tell},
    domain::Text,
};
use ring::digest::{SHA256, digest};
use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// The journals' folder in the state folder.
pub const FOLDER: &str = "journal";
const ENDING: &str = ".jsonl";
/// File systems take names of 255 bytes.
const LONGEST: usize = 180;
/// For a cluster without a name: no name is encoded so.
const NAMELESS: &str = "%";
/// What is written to see whether more can be: some entries' worth.
const PROBE: usize = 8 << 10;

/// A session that lives: it holds a lock on its file.
pub struct Life {
    path: PathBuf,
    _locked: File,
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
    /// The journal of the cluster with this display name, in the folder of journals.
    pub fn of(folder: &Path, cluster: &str) -> Journal {
        Journal { path: folder.join(file_name(cluster)) }
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
            fs::create_dir_all(folder)?;
        }
        let mut file =
            OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(&self.path)?;
        // Released when the file is closed; others hold it for as long as one entry takes. Where a file
        // system knows no locks, appending whole lines has to do.
        if let Err(error) = file.lock() {
            tracing::debug!("the journal cannot be locked: {error}");
        }
        let start = if ends_torn(&mut file)? { "\n" } else { "" };
        file.write_all(format!("{start}{line}\n").as_bytes())?;
        file.sync_data()?;
        match self.path.parent() {
            Some(folder) if new => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    }

    /// What was kept, in order; nothing where there is no journal yet.
    ///
    /// # Errors
    /// One sentence.
    pub fn read(&self) -> Result<Vec<Entry>, Text> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(format!("the journal {} cannot be read: {e}", self.path.display()).into()),
        };
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let (entries, torn): (Vec<_>, Vec<_>) =
            lines.map(serde_json::from_slice).partition(|entry: &serde_json::Result<Entry>| entry.is_ok());
        if !torn.is_empty() {
            tracing::info!("{} lines of the journal {} are no entries", torn.len(), self.path.display());
        }
        Ok(entries.into_iter().flatten().collect())
    }

    /// What it tells, with which of those that have not ended are still run by a castellan.
    ///
    /// # Errors
    /// One sentence.
    pub fn tell(&self) -> Result<Vec<Told>, Text> {
        let open = tell(self.read()?).into_iter().filter(|told| told.ended.is_none());
        let dead: BTreeSet<_> = open.map(|told| told.id).filter(|id| !self.lives(id)).collect();
        // One that ended between the look at the entries and at its session has said so by now.
        let mut told = tell(self.read()?);
        told.iter_mut().for_each(|told| told.lives = told.ended.is_none() && !dead.contains(&told.id));
        Ok(told)
    }

    /// Shows to others, until it is dropped, that the session of this operation lives. The lock goes with
    /// the process, however it ends.
    ///
    /// # Errors
    /// Where a file cannot be made beside the journal, or locked.
    pub fn live(&self, operation: &str) -> io::Result<Option<Life>> {
        let Some(path) = self.life_of(operation) else { return Ok(None) };
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path)?;
        file.lock()?;
        Ok(Some(Life { path, _locked: file }))
    }

    /// Whether the session that began the operation lives, on this machine or where locks tell of others.
    fn lives(&self, operation: &str) -> bool {
        let Some(path) = self.life_of(operation) else { return false };
        let Ok(file) = File::open(&path) else { return false };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => true,
            // The lock was taken before the first entry was written: nobody will take it any more.
            _ => {
                drop(fs::remove_file(&path));
                false
            }
        }
    }

    /// Operations are named by instant, session and number.
    fn life_of(&self, operation: &str) -> Option<PathBuf> {
        let session = operation.rsplit('-').nth(1)?;
        let plain = !session.is_empty() && session.bytes().all(|b| b.is_ascii_alphanumeric());
        plain.then(|| self.path.with_file_name(format!(".session-{session}")))
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
        fs::create_dir_all(folder)?;
        if self.path.exists() {
            OpenOptions::new().append(true).open(&self.path)?;
        }
        let probe = folder.join(format!(".probe-{}-{:08x}", std::process::id(), fastrand::u32(..)));
        let mut file = OpenOptions::new().create_new(true).write(true).open(&probe)?;
        let written = file.write_all(&[b' '; PROBE]).and_then(|()| file.sync_all());
        let removed = fs::remove_file(&probe);
        written.and(removed)
    }
}

/// The folder's journals with their clusters' names, by name.
///
/// # Errors
/// Where the folder is there and cannot be read; one sentence.
pub fn all(folder: &Path) -> Result<Vec<(String, Journal)>, Text> {
    let unreadable = |e: io::Error| Text::from(format!("{} cannot be read: {e}", folder.display()));
    let files = match fs::read_dir(folder) {
        Ok(files) => files,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(unreadable(e)),
    };
    let mut found = Vec::new();
    for file in files {
        let path = file.map_err(unreadable)?.path();
        if let Some(cluster) = path.file_name().and_then(|n| n.to_str()).and_then(cluster_of) {
            found.push((cluster, Journal { path }));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
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

/// A name for a file that no cluster's name can make leave its folder, and by which it is found again: what
/// is not plain is percent-encoded, a long one ends in its digest.
fn file_name(cluster: &str) -> String {
    let mut name = String::new();
    for byte in cluster.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(byte.into()),
            b'.' if !name.is_empty() => name.push('.'),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    if name.is_empty() {
        name.push_str(NAMELESS);
    }
    if name.len() > LONGEST {
        let print = digest(&SHA256, cluster.as_bytes());
        name.truncate(LONGEST);
        name.push('~');
        print.as_ref()[..8].iter().for_each(|byte| name.push_str(&format!("{byte:02x}")));
    }
    name + ENDING
}

/// The cluster's name from its file's; the beginning of one that was too long.
fn cluster_of(file: &str) -> Option<String> {
    let name = file.strip_suffix(ENDING).filter(|_| !file.starts_with('.'))?;
    if name == NAMELESS {
        return Some(String::new());
    }
    let mut parts = name.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        // What is no encoding of ours stays as it is.
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&part.as_bytes()[2..]);
            }
            None => bytes.extend_from_slice(format!("%{part}").as_bytes()),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn unwritable(path: &Path, error: &io::Error) -> Text {
    let why = error.to_string();
    let why = why.split(" (os error").next().unwrap_or_default().to_lowercase();
    let path = path.display();
    format!("the journal cannot be written: {path}: {why}; free some space or set XDG_STATE_HOME").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        action::{
            Goal, Intent, Said, Step, Write as Change,
            journal::{Record, What},
        },
        domain::{kafka::BrokerId, object::Object, time::Time},
    };
    use proptest::prelude::*;
    use std::time::Duration;

    fn entry(at: i64, what: What) -> Entry {
        Entry { at: Time(at), operation: "o1".into(), context: "prod".into(), what }
    }

    fn planned() -> What {
        let write = Change::Reassign {
            partitions: vec![crate::action::write::Assignment {
                topic: "orders".into(),
                partition: 3,
                replicas: Some(vec![BrokerId(1), BrokerId(2)]),
            }],
            ids: [("orders".into(), "AAAAAAAAAAAAAAAAAAAAAQ".into())].into(),
        };
        let step = Step {
            title: "move".into(),
            write,
            until: Goal::Answered,
            patience: Duration::from_millis(1500),
        };
        let objects = vec![Object::Partition("orders".into(), 3), Object::Broker(BrokerId(2))];
        What::Planned(Record {
            title: "reassign orders-3".into(),
            intent: Intent { verb: "reassign".into(), objects, argument: "1,2".into() },
            changes: vec!["orders-3: 0,1 → 1,2".into()],
            refusals: Vec::new(),
            steps: vec![step],
            undo: Some("{}".into()),
        })
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::of(folder.path(), "kafka/kafka");
        assert_eq!(journal.read().unwrap(), []);
        let entries = [
            entry(1, planned()),
            entry(2, What::Began { step: 0 }),
            entry(3, What::Answered { step: 0, answer: Said::Taken("begun".into()) }),
            entry(4, What::Reached { step: 0 }),
            entry(5, What::Ended { done: true, words: "done".into() }),
        ];
        entries.iter().for_each(|entry| journal.append(entry).unwrap());
        assert_eq!(journal.read().unwrap(), entries);
        assert_eq!(all(folder.path()).unwrap(), [("kafka/kafka".to_owned(), journal)]);
    }

    #[test]
    fn a_torn_last_line_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::of(folder.path(), "k");
        journal.append(&entry(1, planned())).unwrap();
        journal.append(&entry(2, What::Began { step: 0 })).unwrap();
        let whole = fs::read(&journal.path).unwrap();
        let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for cut in first..whole.len() {
            fs::write(&journal.path, &whole[..cut]).unwrap();
            let before = journal.read().unwrap();
            assert_eq!(before[0], entry(1, planned()));
            journal.append(&entry(3, What::Reached { step: 0 })).unwrap();
            let after = journal.read().unwrap();
            assert_eq!(after[..before.len()], before[..], "cut at {cut}");
            assert_eq!(after[before.len()..], [entry(3, What::Reached { step: 0 })], "cut at {cut}");
        }
    }

    #[test]
    fn consoles_that_write_at_once_tear_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::of(folder.path(), "k");
        std::thread::scope(|scope| {
            for console in 0..8 {
                let journal = journal.clone();
                scope.spawn(move || {
                    for step in 0..25 {
                        let words = format!("{console}").repeat(6000);
                        let entry = entry(step, What::Ended { done: true, words });
                        Journal { path: journal.path.clone() }.append(&entry).unwrap();
                    }
                });
            }
        });
        let text = fs::read_to_string(&journal.path).unwrap();
        assert_eq!(text.lines().count(), 200);
        assert_eq!(journal.read().unwrap().len(), 200);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_said_with_what_to_do() {
        let journal = Journal::of(Path::new("/proc/nowhere"), "k");
        let said = journal.check().unwrap_err();
        assert!(said.starts_with("the journal cannot be written: /proc/nowhere/k.jsonl: "), "{said}");
        assert!(said.ends_with("; free some space or set XDG_STATE_HOME"), "{said}");
        assert_eq!(journal.append(&entry(1, planned())).unwrap_err(), said);
    }

    /// `/dev/full` is a disk without space.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_said() {
        let full = Journal { path: "/dev/full".into() };
        let said = full.append_line("{}").map_err(|e| unwritable(&full.path, &e)).unwrap_err();
        assert!(said.contains(": no space left on device; free some space"), "{said}");
    }

    #[test]
    fn a_check_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        Journal::of(&folder.path().join("journal"), "k").check().unwrap();
        assert_eq!(fs::read_dir(folder.path().join("journal")).unwrap().count(), 0);
    }

    #[test]
    fn whether_the_session_of_an_operation_lives_is_told_by_its_lock() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::of(folder.path(), "k");
        let id = "2026-11-21-17-00-00-0a1b2c3d-1";
        let lives = || journal.tell().unwrap()[0].lives;
        let life = journal.live(id).unwrap().expect("a session");
        journal.append(&Entry { operation: id.into(), ..entry(1, planned()) }).unwrap();
        assert!(lives());
        drop(life);
        assert!(!lives());
        // One that was killed leaves its file behind, unlocked.
        let left = folder.path().join(".session-0a1b2c3d");
        fs::write(&left, "").unwrap();
        assert!(!lives() && !left.exists());
        assert_eq!(all(folder.path()).unwrap().len(), 1, "what shows a life is no journal");
    }

    #[test]
    fn an_operation_is_told_from_its_entries() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::of(folder.path(), "k");
        let refused = Said::Refused("no".into());
        for what in [planned(), What::Began { step: 0 }, What::Answered { step: 0, answer: refused.clone() }]
        {
            journal.append(&entry(7, what)).unwrap();
        }
        let told = tell(journal.read().unwrap());
        assert_eq!((told.len(), told[0].begun, &told[0].answer), (1, true, &Some(refused)));
        assert_eq!(told[0].ended, None);
    }

    proptest! {
        /// Names come from Kubernetes and from files: any text.
        #[test]
        fn a_name_stays_in_its_folder_and_is_found_again(
            name in prop_oneof![any::<String>(), "[./%a-z]{0,12}", "[/é]{100,300}"],
            other in "[./%a-zA-Z~]{0,6}",
        ) {
            let file = file_name(&name);
            prop_assert!(file.len() <= 255 && !file.starts_with('.'), "{file}");
            prop_assert!(!file.contains(['/', '\0']), "{file}");
            let path = Journal::of(Path::new("/state/journal"), &name).path;
            prop_assert_eq!(path.parent(), Some(Path::new("/state/journal")));
            if !file.contains('~') {
                prop_assert_eq!(cluster_of(&file), Some(name.clone()));
            }
            prop_assert!(name == other || file_name(&other) != file);
        }
    }
}
