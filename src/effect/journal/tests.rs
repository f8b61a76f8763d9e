use super::*;
use crate::{
    action::{
        Goal, Intent, Said, Step, Write as Change,
        journal::{Record, What},
    },
    domain::{kafka::BrokerId, object::Object, time::Time},
};
use std::time::Duration;

fn whose(cluster: &str) -> Whose {
    Whose { cluster: cluster.into(), context: "prod".into(), id: None }
}

fn journal_in(folder: &tempfile::TempDir) -> Journal {
    Journal::of(folder.path(), &whose("kafka/kafka"))
}

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
    let step =
        Step { title: "move".into(), write, until: Goal::Answered, patience: Duration::from_millis(1500) };
    let objects = vec![Object::Partition("orders".into(), 3), Object::Broker(BrokerId(2))];
    What::Planned(Record {
        title: "reassign orders-3".into(),
        intent: Intent { verb: "reassign".into(), objects, argument: "1,2".into() },
        changes: vec!["orders-3: 0,1 → 1,2".into()],
        refusals: Vec::new(),
        steps: vec![step],
        tasks: vec![],
        undo: Some("{}".into()),
    })
}

#[test]
fn what_is_kept_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal_in(&folder);
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
    assert_eq!(journal.names(), ("kafka/kafka".to_owned(), "prod".to_owned()));
    assert_eq!(all(folder.path()).unwrap(), [journal]);
}

#[test]
fn a_torn_last_line_costs_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal_in(&folder);
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
    let journal = journal_in(&folder);
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
    let journal = Journal::of(Path::new("/proc/nowhere"), &whose("k"));
    let said = journal.check().unwrap_err();
    assert!(said.starts_with("the journal cannot be written: /proc/nowhere/k@prod.jsonl: "), "{said}");
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
    Journal::of(&folder.path().join("journal"), &whose("k")).check().unwrap();
    assert_eq!(fs::read_dir(folder.path().join("journal")).unwrap().count(), 0);
}

#[test]
fn whether_the_session_of_an_operation_lives_is_told_by_its_lock() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal_in(&folder);
    let id = "2026-11-21-17-00-00-0a1b2c3d-1";
    let lives = || told(folder.path(), &whose("kafka/kafka")).unwrap()[0].lives;
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
fn one_takes_the_lead_of_what_was_left_and_others_see_it() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, of) = (journal_in(&folder), whose("kafka/kafka"));
    let id = "2026-11-21-17-00-00-0a1b2c3d-1";
    let take = || take_up(folder.path(), &of, id).map(|(life, told)| (life, told.lives));
    let said = |taken: Result<_, Text>| taken.map(|_: (Life, bool)| ()).unwrap_err().to_string();
    let lives = || told(folder.path(), &of).unwrap()[0].lives;
    let keep = |what| journal.append(&Entry { operation: id.into(), ..entry(1, what) }).unwrap();
    assert_eq!(said(take()), "the journal of this cluster does not tell of it");
    let life = journal.live(id).unwrap();
    keep(planned());
    assert_eq!(said(take()), "another castellan leads it", "its own still runs");
    drop(life);
    let (lead, told_to_live) = take().unwrap();
    assert!(lives() && !told_to_live, "to others it lives; to who leads it, it was left");
    assert_eq!(said(take()), "another castellan leads it");
    drop(lead);
    assert!(!lives());
    // One that was killed leaves its file behind, unlocked.
    fs::write(folder.path().join(format!(".lead-{id}")), "").unwrap();
    drop(take().unwrap());
    keep(What::Ended { done: true, words: String::new() });
    assert_eq!(said(take()), "another castellan brought it to its end");
    let hidden =
        fs::read_dir(folder.path()).unwrap().filter_map(|f| f.unwrap().file_name().into_string().ok());
    assert_eq!(hidden.filter(|name| name.starts_with('.')).collect::<Vec<_>>(), Vec::<String>::new());
}

/// Readers take stale locks away while leaders come and go: there are never two leaders, and none for ever.
#[test]
fn of_many_at_once_one_leads() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal_in(&folder);
    let id = "2026-11-21-17-00-00-0a1b2c3d-1";
    let (leaders, led) = (std::sync::atomic::AtomicUsize::new(0), std::sync::atomic::AtomicUsize::new(0));
    let order = std::sync::atomic::Ordering::SeqCst;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let journal = journal.clone();
            scope.spawn(move || (0..2_000).filter(|_| journal.lives(id)).count());
        }
        for _ in 0..4 {
            let (journal, leaders, led) = (journal.clone(), &leaders, &led);
            scope.spawn(move || {
                for _ in 0..1_000 {
                    let Some(lead) = journal.lead(id).unwrap() else { continue };
                    assert_eq!(leaders.fetch_add(1, order), 0, "another leads, too");
                    led.fetch_add(1, order);
                    assert!(journal.lives(id), "others see it");
                    assert_eq!(leaders.fetch_sub(1, order), 1);
                    drop(lead);
                }
            });
        }
    });
    assert!(led.load(order) > 100, "{led:?}");
    assert!(journal.lead(id).unwrap().is_some(), "the lead is to be had");
}

/// A journal that was copied is enough: locks do not come with it.
#[test]
fn what_another_machine_left_is_taken_up_from_its_journal() {
    let (there, here) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (journal, id) = (journal_in(&there), "2026-11-21-17-00-00-0a1b2c3d-1");
    let _life = journal.live(id).unwrap().expect("a session");
    journal.append(&Entry { operation: id.into(), ..entry(1, planned()) }).unwrap();
    let name = journal.path.file_name().unwrap();
    fs::copy(&journal.path, here.path().join(name)).unwrap();
    let (_lead, told) = take_up(here.path(), &whose("kafka/kafka"), id).unwrap();
    assert_eq!((&*told.id, told.record.title.as_str()), (id, "reassign orders-3"));
}

#[test]
fn an_operation_is_told_from_its_entries() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal_in(&folder);
    let refused = Said::Refused("no".into());
    for what in [planned(), What::Began { step: 0 }, What::Answered { step: 0, answer: refused.clone() }] {
        journal.append(&entry(7, what)).unwrap();
    }
    let told = tell(journal.read().unwrap());
    assert_eq!((told.len(), told[0].begun, &told[0].answer), (1, true, &Some(refused)));
    assert_eq!(told[0].ended, None);
}

fn ended(operation: &str, words: usize) -> [Entry; 2] {
    let of = |what| Entry { operation: operation.into(), ..entry(2, what) };
    [of(planned()), of(What::Ended { done: true, words: "x".repeat(words) })]
}

#[test]
fn a_journal_stays_bounded_and_keeps_what_runs() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal_in(&folder);
    journal.append(&entry(1, planned())).unwrap();
    for nth in 0..40 {
        ended(&format!("e{nth}"), 1 << 20).iter().for_each(|entry| journal.append(entry).unwrap());
        if nth == 20 {
            journal.append(&entry(3, What::Began { step: 0 })).unwrap();
        }
    }
    let halves = [&journal.path, &journal.path.with_extension(OLDER)].map(|path| fs::metadata(path).unwrap());
    for half in &halves {
        assert!(half.len() <= LONG + (64 << 10), "{}", half.len());
        assert_eq!(half.permissions().mode() & 0o777, MODE);
    }
    let told = tell(journal.read().unwrap());
    assert_eq!((&*told[0].id, told[0].begun, &told[0].ended), ("o1", true, &None), "it runs");
    let names: Vec<&str> = told[1..].iter().map(|t| &*t.id).collect();
    let last: Vec<String> = (40 - names.len()..40).map(|nth| format!("e{nth}")).collect();
    assert_eq!(names.iter().copied().collect::<BTreeSet<_>>(), last.iter().map(|n| &**n).collect());
    assert!((7..=16).contains(&names.len()), "the newest are there: {names:?}");
    assert!(!journal.path.with_extension(NEXT).exists());
}

#[test]
fn consoles_that_write_while_the_journal_turns_lose_nothing_that_runs() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal_in(&folder);
    journal.append(&entry(1, planned())).unwrap();
    std::thread::scope(|scope| {
        for console in 0..4_usize {
            let journal = journal.clone();
            scope.spawn(move || {
                for step in 0..12 {
                    let answer = Said::Taken("y".repeat(700 << 10).into());
                    journal.append(&entry(2, What::Answered { step: console * 12 + step, answer })).unwrap();
                    let seen = journal.read().unwrap().len();
                    assert!(seen > step + 1, "a reader sees all that was there: {seen} after {step}");
                }
            });
        }
    });
    assert!(journal.path.with_extension(OLDER).exists(), "it turned");
    let kept = journal.read().unwrap().into_iter().filter_map(|e| match e.what {
        What::Answered { step, .. } => Some(step),
        _ => None,
    });
    assert_eq!(kept.collect::<BTreeSet<_>>(), (0..48).collect());
}

#[test]
fn a_journal_that_others_could_read_is_closed_to_them() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::of(&folder.path().join("journal"), &whose("k"));
    journal.append(&entry(1, planned())).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&journal.path), mode(&folder.path().join("journal"))), (MODE, FOLDER_MODE));
    // As one is that was copied from another machine.
    fs::set_permissions(&journal.path, Permissions::from_mode(0o644)).unwrap();
    journal.append(&entry(2, What::Began { step: 0 })).unwrap();
    assert_eq!((mode(&journal.path), journal.read().unwrap().len()), (MODE, 2));
}

#[test]
fn clusters_of_one_name_have_a_journal_each_and_what_began_before_the_id_was_known_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let of = |context: &str, id: Option<&str>| Whose {
        context: context.into(),
        id: id.map(Into::into),
        ..whose("kafka/kafka")
    };
    let keep = |whose: &Whose, operation: &str, what| {
        let entry = Entry { operation: operation.into(), ..entry(1, what) };
        Journal::of(folder.path(), whose).append(&entry).unwrap();
    };
    keep(&of("prod", None), "early", planned());
    keep(&of("prod", Some("lkc-1")), "late", planned());
    keep(&of("prod", Some("lkc-2")), "other", planned());
    keep(&of("test", Some("lkc-1")), "elsewhere", planned());
    let names = |whose: &Whose| -> Vec<String> {
        let told = told(folder.path(), whose).unwrap();
        told.iter().filter(|t| t.ended.is_none()).map(|t| t.id.to_string()).collect()
    };
    assert_eq!(names(&of("prod", Some("lkc-1"))), ["early", "late"]);
    assert_eq!(names(&of("test", Some("lkc-1"))), ["elsewhere"]);
    assert_eq!(names(&of("prod", None)), ["early", "late", "other"], "any of them may be it");
    // A castellan that knows the id by now tells the end of what one without it began.
    keep(&of("prod", Some("lkc-1")), "early", What::Ended { done: true, words: String::new() });
    assert_eq!(names(&of("prod", Some("lkc-1"))), ["late"]);
    assert_eq!(all(folder.path()).unwrap().len(), 4);
}
