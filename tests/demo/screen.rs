//! What stands on the demo's screen, and the keys that are pressed at it.

use castellan_terminal::Terminal;
use std::time::{Duration, Instant};

/// How long anything may take on a small machine that has other work, too.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// The line that a plan begins with.
const PLAN: &str = " risk: ";
/// Nobody reads a plan in less; what is typed earlier confirms nothing.
const READING: Duration = Duration::from_millis(500);

/// castellan's screen; what is awaited in vain fails the test with the screen.
pub struct Screen(pub Terminal);

impl Screen {
    #[track_caller]
    pub fn sees(&self, text: &str) {
        self.waits(text, |screen| screen.contains(text));
    }

    #[track_caller]
    pub fn sees_no(&self, text: &str) {
        self.waits(&format!("no {text}"), |screen| !screen.contains(text));
    }

    #[track_caller]
    pub fn waits(&self, what: &str, seen: impl Fn(&str) -> bool) {
        self.0.wait(what, PATIENCE, seen).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Waits until one row has all these words in it.
    #[track_caller]
    pub fn row(&self, words: &[&str]) {
        let has = |row: &str| words.iter().all(|word| row.contains(word));
        self.waits(&format!("a row with {words:?}"), |screen| screen.lines().any(has));
    }

    /// Waits until the verdict, which is the screen's third line, begins and says so.
    #[track_caller]
    pub fn verdict(&self, grade: &str, words: &[&str]) {
        let says =
            |line: &str| line.trim_start().starts_with(grade) && words.iter().all(|word| line.contains(word));
        self.waits(&format!("{grade}: {words:?}"), |screen| screen.lines().take(4).any(says));
    }

    pub fn press(&mut self, keys: &str) {
        self.0.send(keys).expect("the terminal takes keys");
    }

    /// Presses keys and waits for the title of what they open.
    #[track_caller]
    pub fn leads(&mut self, keys: &str, title: &str) {
        self.press(keys);
        self.sees(&format!("── {title} ─"));
    }

    /// Opens a pane and puts the cursor on the only row that matches the filter, which begins so.
    #[track_caller]
    pub fn select(&mut self, pane: &str, filter: &str, row: &str) {
        self.leads(&format!(":{pane}\r"), pane);
        self.press(&format!("/{filter}\r"));
        self.sees(&format!("· /{filter} "));
        self.press("g");
        self.waits(&format!("the cursor on {row}"), |screen| {
            selected(screen).starts_with(&format!("{row} "))
        });
    }

    /// Calls a verb, by its key or typed, and waits for its plan.
    #[track_caller]
    pub fn plans(&mut self, keys: &str) {
        self.press(keys);
        self.sees(PLAN);
    }

    /// Reads the plan and agrees: by `y`, or by what is asked to be typed.
    ///
    /// A plan is shown again when what it stands on has changed meanwhile: then it is agreed to again.
    #[track_caller]
    pub fn agrees(&mut self) {
        let begun = Instant::now();
        while self.0.text().contains(PLAN) {
            assert!(begun.elapsed() < PATIENCE, "the plan is not taken:\n{}", self.0.text());
            std::thread::park_timeout(READING);
            let keys = asked(&self.0.text());
            self.press(&keys);
            // Whether it is gone is asked above.
            let _ = self.0.wait("the plan taken", Duration::from_secs(3), |screen| !screen.contains(PLAN));
        }
    }

    /// Plans, agrees, and waits until it is done.
    #[track_caller]
    pub fn does(&mut self, keys: &str, title: &str) {
        self.plans(keys);
        self.agrees();
        self.ends("done", title);
    }

    /// Waits until an operation ended so; its line.
    #[track_caller]
    pub fn ends(&self, how: &str, title: &str) -> String {
        let line = |screen: &str| {
            let mut lines = screen.lines().map(str::trim_start);
            lines.find(|line| line.starts_with(how) && line.contains(title)).map(String::from)
        };
        self.waits(&format!("{how}: {title}"), |screen| line(screen).is_some());
        line(&self.0.text()).unwrap_or_default()
    }

    /// Calls what is refused in these words, without a plan.
    #[track_caller]
    pub fn is_refused(&mut self, keys: &str, words: &str) {
        self.press(keys);
        self.sees(words);
        assert!(!self.0.text().contains(PLAN), "{}", self.0.text());
    }
}

/// The words of the row that the cursor is on.
fn selected(screen: &str) -> String {
    let row = screen.lines().find_map(|line| line.strip_prefix('▌')).unwrap_or_default();
    row.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What confirms the plan on the screen.
fn asked(screen: &str) -> String {
    let typed = screen.lines().find_map(|line| line.split("To do it type ").nth(1));
    let typed = typed.and_then(|rest| rest.split(" and enter").next());
    typed.map_or("y".into(), |name| format!("{name}\r"))
}
