//! What stands on castellan's screen, and the keys that are pressed at it.

use castellan_terminal::Terminal;
use std::{collections::BTreeSet, time::Duration};

/// How long anything may take on a small machine that has other work, too.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Rows of a table, each as the words under some of its titles.
pub type Facts = BTreeSet<Vec<String>>;

/// castellan's screen; what is awaited in vain fails the test with the screen.
pub struct Screen(pub Terminal);

impl Screen {
    pub fn text(&self) -> String {
        self.0.text()
    }

    #[track_caller]
    pub fn sees(&self, text: &str) -> Duration {
        self.waits(text, |screen| screen.contains(text))
    }

    #[track_caller]
    pub fn waits(&self, what: &str, seen: impl Fn(&str) -> bool) -> Duration {
        self.0.wait(what, PATIENCE, seen).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Waits until a row that contains `name` satisfies `seen`.
    #[track_caller]
    pub fn row(&self, name: &str, seen: impl Fn(&str) -> bool) -> Duration {
        self.waits(&format!("the row of {name}"), |screen| {
            screen.lines().any(|row| row.contains(name) && seen(row))
        })
    }

    /// Waits until a row of the broker (of its pod, in the table of brokers) satisfies `seen`, which is
    /// given what stands under a title.
    #[track_caller]
    pub fn broker(&self, pod: &str, what: &str, seen: impl Fn(&dyn Fn(&str) -> String) -> bool) -> Duration {
        self.waits(&format!("{pod} {what}"), |screen| {
            let mut lines = screen.lines().skip_while(|line| !line.trim_start().starts_with("ID POD"));
            let head = lines.next().unwrap_or_default();
            let mut rows = lines.take_while(|line| !line.is_empty());
            rows.any(|row| cell(head, row, "POD").starts_with(pod) && seen(&|title| cell(head, row, title)))
        })
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

    /// Opens a pane by its command.
    #[track_caller]
    pub fn go(&mut self, pane: &str) {
        self.go_by(pane, pane);
    }

    /// Opens a pane by another of its commands.
    #[track_caller]
    pub fn go_by(&mut self, command: &str, pane: &str) {
        self.leads(&format!(":{command}\r"), title(pane));
    }

    /// Leaves only the rows that match.
    #[track_caller]
    pub fn filter(&mut self, expression: &str) {
        self.press(&format!("/{expression}\r"));
        self.sees(&format!("· /{expression} "));
    }

    /// The keys work: help opens and closes.
    #[track_caller]
    pub fn is_alive(&mut self) {
        self.press("?");
        self.sees(" keys of ");
        self.press("?");
        self.waits("help is closed", |screen| !screen.contains(" keys of "));
    }

    /// Rows of the table whose line of titles contains `mark`.
    pub fn table(&self, mark: &str, titles: &[&str]) -> Facts {
        table(&self.text(), mark, titles)
    }
}

/// What stands over a pane. Where it has several tables, each of them has a title instead.
fn title(pane: &str) -> &str {
    match pane {
        "overview" => "Brokers",
        "members" => "Members",
        "charts" => "charts · by cluster",
        pane => pane,
    }
}

/// Rows of the table whose line of titles contains `mark`, the words under `titles` of each.
pub fn table(text: &str, mark: &str, titles: &[&str]) -> Facts {
    let mut lines = text.lines().skip_while(|line| !line.contains(mark));
    let head = lines.next().unwrap_or_default();
    let rows = lines.take_while(|line| !line.is_empty());
    rows.map(|row| titles.iter().map(|title| under(head, row, title).replace(',', "")).collect()).collect()
}

/// What stands in the row under a heading: the word that shares a column with it.
pub fn under<'a>(head: &str, row: &'a str, title: &str) -> &'a str {
    let (from, until) = place(head, title);
    let mut words = row.split(' ').scan(0, |column, word| {
        let start = *column;
        *column += word.chars().count() + 1;
        Some((start, *column - 1, word))
    });
    let shares =
        |(start, end, word): &(usize, usize, &str)| !word.is_empty() && *start < until && *end > from;
    words.find(shares).map_or("", |(_, _, word)| word)
}

/// All that stands in the row from a heading of text up to the next heading; nothing where there is none.
fn cell(head: &str, row: &str, title: &str) -> String {
    if !head.contains(title) {
        return String::new();
    }
    let (from, until) = place(head, title);
    let blanks = head.chars().skip(until).take_while(|c| *c == ' ').count();
    row.chars().skip(from).take(until - from + blanks).collect::<String>().trim().to_string()
}

/// The columns that a title takes in its line, where it stands alone and not in a longer one.
fn place(head: &str, title: &str) -> (usize, usize) {
    let alone = |at: &usize| {
        let (before, after) = (&head[..*at], &head[at + title.len()..]);
        !before.ends_with(|c| c != ' ') && !after.starts_with(|c| !matches!(c, ' ' | '↑' | '↓'))
    };
    let at = head.match_indices(title).map(|(at, _)| at).find(alone);
    let from = head[..at.unwrap_or_else(|| panic!("no {title} in {head:?}"))].chars().count();
    (from, from + title.chars().count())
}
