//! What the operator does at the screen: chooses, calls, reads, agrees, and watches it come true.

use crate::screen::{PATIENCE, Screen};
use std::{
    process::Command,
    time::{Duration, Instant},
};

/// The line that a plan begins with.
pub const PLAN: &str = " risk: ";
/// Nobody reads a plan in less; what is typed earlier confirms nothing.
const READING: Duration = Duration::from_millis(500);
const MOMENT: Duration = Duration::from_secs(2);

impl Screen {
    /// Opens a pane and puts the cursor on the row that begins with these words.
    #[track_caller]
    pub fn select(&mut self, pane: &str, filter: &str, row: &str) {
        self.go(pane);
        self.filter(filter);
        self.press("g");
        let begun = Instant::now();
        while !selected(&self.text()).starts_with(&format!("{row} ")) {
            assert!(begun.elapsed() < PATIENCE, "no row {row:?}:\n{}", self.text());
            let before = selected(&self.text());
            self.press("j");
            // At the end there is none further down.
            if !self.soon(|screen| selected(screen) != before) {
                self.press("g");
            }
        }
    }

    /// Whether the screen becomes so in a moment.
    pub fn soon(&self, seen: impl Fn(&str) -> bool) -> bool {
        self.0.wait("a moment", MOMENT, seen).is_ok()
    }

    /// Calls a verb, by its key or typed, and waits for its plan.
    #[track_caller]
    pub fn plans(&mut self, keys: &str) {
        self.press(keys);
        self.sees(PLAN);
    }

    /// Calls what is refused in these words.
    #[track_caller]
    pub fn is_refused(&mut self, keys: &str, words: &str) {
        self.press(keys);
        self.sees(words);
        assert!(!self.text().contains(PLAN), "{}", self.text());
    }

    /// Calls a verb until it is denied so: what one may is asked when an object is selected, and the
    /// answer takes a moment.
    #[track_caller]
    pub fn is_denied(&mut self, keys: &str, words: &str) {
        loop {
            self.press(keys);
            self.waits(words, |text| text.contains(words) || text.contains(PLAN));
            if self.text().contains(words) {
                return;
            }
            self.press("\x1b");
            self.waits("the plan is closed", |text| !text.contains(PLAN));
        }
    }

    /// Takes the time in which a plan can be read.
    pub fn reads(&self) {
        std::thread::sleep(READING);
    }

    /// Reads the plan and agrees with `keys`: a `y`, or what is to be typed.
    #[track_caller]
    pub fn agrees(&mut self, keys: &str) {
        self.sees(PLAN);
        self.reads();
        self.press(keys);
        self.waits("the plan is taken", |screen| !screen.contains(PLAN));
    }

    /// Waits until an operation is said to be done.
    #[track_caller]
    pub fn is_done(&self, title: &str) {
        self.ends("done", title);
    }

    /// Waits until an operation ended so; its line.
    #[track_caller]
    pub fn ends(&self, how: &str, title: &str) -> String {
        self.ends_as(&[how], title)
    }

    /// Waits until an operation ended in one of these ways; its line.
    #[track_caller]
    pub fn ends_as(&self, ways: &[&str], title: &str) -> String {
        let line = |screen: &str| {
            let mut lines = screen.lines().map(str::trim_start);
            let ended = |line: &&str| ways.iter().any(|how| line.starts_with(how)) && line.contains(title);
            lines.find(ended).map(String::from)
        };
        self.waits(&format!("{ways:?}: {title}"), |screen| line(screen).is_some());
        line(&self.text()).unwrap_or_default()
    }

    /// Types as long as there is somebody to read it.
    pub fn press_if_alive(&mut self, keys: &str) {
        let _ = self.0.send(keys);
    }

    pub fn has_ended(&mut self) -> bool {
        self.0.wait_end(Duration::ZERO).is_ok()
    }

    /// Kills castellan with SIGKILL.
    pub fn kill(mut self) {
        let pid = self.0.pid().expect("it runs").to_string();
        let killed = Command::new("kill").args(["-9", &pid]).status();
        assert!(killed.expect("kill runs").success());
        self.0.wait_end(PATIENCE).expect("it ends");
    }
}

/// The words of the row that the cursor is on.
fn selected(screen: &str) -> String {
    let row = screen.lines().find_map(|line| line.strip_prefix('▌')).unwrap_or_default();
    row.split_whitespace().collect::<Vec<_>>().join(" ")
}
