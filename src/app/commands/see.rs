//! How a table is shown, marks, copies.

use crate::{
    app::{
        Effect, Model,
        command::{Argument, Command, SHEETS_AND_PANES, Scope, Section},
        list::List,
        text,
    },
    clock,
    pane::{Table, Tone, chart::By},
};

const SEE: Command = Command { section: Section::See, scopes: &[Scope::Table], ..Command::PLAIN };

pub static COMMANDS: &[Command] = &[
    Command {
        name: "faults",
        keys: &["ctrl-z"],
        about: "faults only",
        run: |m, _| {
            with_list(m, |list| {
                list.query.faults = !list.query.faults;
                list.changed();
            });
        },
        hint: 50,
        ..SEE
    },
    Command {
        name: "sort",
        about: "sort by a column",
        argument: Some(Argument { name: "COLUMN", choices: titles }),
        run: sort,
        ..SEE
    },
    Command {
        name: "sort-left",
        keys: &["<"],
        about: "sort by column before",
        run: |m, _| shift(m, -1),
        ..SEE
    },
    Command {
        name: "sort-right",
        keys: &[">"],
        about: "sort by next column",
        run: |m, _| shift(m, 1),
        ..SEE
    },
    Command {
        name: "invert",
        keys: &["i"],
        about: "reverse the order",
        run: |m, _| {
            with_list(m, |list| {
                let sort = list.query.sort;
                list.sort_by(sort.map_or(0, |s| s.column), !sort.is_some_and(|s| s.descending));
            })
        },
        ..SEE
    },
    Command {
        name: "wide",
        keys: &["ctrl-w"],
        about: "all columns, or what fits",
        run: |m, _| {
            let mut wide = false;
            with_list(m, |list| {
                list.wide = !list.wide;
                list.skipped = 0;
                wide = list.wide;
            });
            m.say(Tone::Muted, if wide { "all columns" } else { "the columns that fit" });
        },
        ..SEE
    },
    Command {
        name: "left",
        keys: &["left"],
        about: "scroll left",
        when: sideways,
        scopes: SIDEWAYS,
        run: |m, _| scroll(m, -1),
        ..SEE
    },
    Command {
        name: "right",
        keys: &["right"],
        about: "scroll right",
        when: sideways,
        scopes: SIDEWAYS,
        run: |m, _| scroll(m, 1),
        ..SEE
    },
    Command {
        name: "mark",
        keys: &["space"],
        about: "mark",
        when: selected,
        run: |m, _| with_list(m, List::toggle_mark),
        section: Section::Act,
        ..SEE
    },
    Command {
        name: "mark-range",
        keys: &["ctrl-space"],
        about: "mark up to here",
        when: selected,
        run: |m, _| with_list(m, List::mark_range),
        section: Section::Act,
        ..SEE
    },
    Command {
        name: "clear-marks",
        keys: &["ctrl-\\"],
        about: "clear marks",
        when: |m| {
            let marked = m.screen().list().is_some_and(|l| !l.marks.is_empty());
            if marked { Ok(()) } else { Err("nothing is marked".into()) }
        },
        run: |m, _| with_list(m, List::clear_marks),
        section: Section::Act,
        ..SEE
    },
    Command {
        name: "copy",
        keys: &["c"],
        about: "copy the name",
        when: selected,
        run: |m, _| copy_names(m),
        section: Section::Act,
        ..SEE
    },
    Command {
        name: "copy-text",
        keys: &["c"],
        about: "copy the text",
        scopes: &[Scope::Reader, Scope::Log],
        run: |m, _| copy_text(m),
        section: Section::Act,
        ..SEE
    },
    Command {
        name: "by",
        keys: &["b"],
        about: "by cluster, broker, topic",
        scopes: &[Scope::Charts],
        run: |m, _| {
            let screen = m.screen_mut();
            screen.by = match screen.by {
                By::Cluster => By::Broker,
                By::Broker => By::Topic,
                By::Topic => By::Cluster,
            };
        },
        hint: 10,
        ..SEE
    },
    Command {
        name: "save",
        keys: &["ctrl-s"],
        about: "save to a file",
        scopes: &[Scope::Table, Scope::Reader, Scope::Log],
        run: |m, _| save(m),
        ..SEE
    },
    Command {
        name: "header",
        keys: &["ctrl-e"],
        about: "header on or off",
        scopes: SHEETS_AND_PANES,
        run: |m, _| m.header = !m.header,
        ..SEE
    },
];

const SIDEWAYS: &[Scope] = &[Scope::Table, Scope::Reader, Scope::Log];

fn with_list(model: &mut Model, change: impl FnOnce(&mut List)) {
    if let Some(list) = model.screen_mut().list_mut() {
        change(list);
    }
}

/// Something is selected that keys can act on.
pub fn selected(model: &Model) -> Result<(), String> {
    if model.selected().is_some() {
        return Ok(());
    }
    match model.screen().list().and_then(List::missing) {
        Some(gone) => Err(format!(
            "{} {} is not shown any more; select another row",
            gone.noun(),
            text::clean(&gone.name())
        )),
        None => Err("nothing is selected".into()),
    }
}

fn titles(model: &Model) -> Vec<String> {
    model.screen().table().map_or(Vec::new(), |t| t.headings().iter().map(|h| h.title.to_string()).collect())
}

fn sort(model: &mut Model, title: &str) {
    let found = titles(model).iter().position(|t| t.eq_ignore_ascii_case(title));
    match found {
        Some(column) => with_list(model, |list| list.sort_or_turn(column)),
        None if title.is_empty() => {
            model.say(Tone::Warning, format!("sort by which column? There are {}", titles(model).join(", ")));
        }
        None => model.say(
            Tone::Warning,
            format!("there is no column \"{title}\" (there are {})", titles(model).join(", ")),
        ),
    }
}

fn shift(model: &mut Model, by: isize) {
    let count = titles(model).len() as isize;
    with_list(model, |list| {
        let sort = list.query.sort;
        let next = match sort {
            None if by > 0 => 0,
            None => count - 1,
            Some(s) => (s.column as isize + by).rem_euclid(count.max(1)),
        };
        list.sort_by(next as usize, sort.is_some_and(|s| s.descending));
    });
}

fn sideways(model: &Model) -> Result<(), String> {
    match (model.sheets.last().and_then(|s| s.pager()), model.screen().list()) {
        (Some(pager), _) if pager.wrap => Err("lines are wrapped: w unwraps them".into()),
        (None, Some(list)) if !list.wide => {
            Err("all columns that fit are shown; ctrl-w shows the others".into())
        }
        _ => Ok(()),
    }
}

fn scroll(model: &mut Model, by: isize) {
    let columns = titles(model).len();
    let mut moved = false;
    if let Some(pager) = model.sheets.last_mut().and_then(|s| s.pager_mut()) {
        let before = pager.left;
        pager.sideways(by * 8);
        moved = pager.left != before;
    } else {
        with_list(model, |list| {
            let before = list.skipped;
            list.skipped = list.skipped.saturating_add_signed(by).min(columns.saturating_sub(1));
            moved = list.skipped != before;
        });
    }
    if !moved {
        model.say(Tone::Muted, "there is nothing more on that side");
    }
}

/// The marked objects' names, else the selected one's, one a line.
fn copy_names(model: &mut Model) {
    let marked = model.screen().list().map_or(Vec::new(), |l| l.marks.iter().map(|o| o.name()).collect());
    let names =
        if marked.is_empty() { model.selected().map(|o| o.name()).into_iter().collect() } else { marked };
    let what = match names.as_slice() {
        [one] => text::clean(one).into_owned(),
        several => format!("{} names", several.len()),
    };
    model.effect(Effect::Copy { text: names.join("\n"), what });
}

fn copy_text(model: &mut Model) {
    if let Some(pager) = model.sheets.last().and_then(|s| s.pager()) {
        let (text, what) = (pager.text(), "the text".to_string());
        model.effect(Effect::Copy { text, what });
    }
}

fn save(model: &mut Model) {
    let stamp = clock::utc(model.now).replace([' ', ':'], "-");
    let (title, ending, text) = match model.sheets.last() {
        Some(sheet) => (sheet.title(), "txt", sheet.pager().map(|p| p.text())),
        None => (model.screen().title(), "csv", model.screen().table().map(|table| csv(model, table))),
    };
    let Some(text) = text else { return };
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '.' { c } else { '-' };
    let title: String = title.chars().map(plain).take(80).collect();
    model.effect(Effect::Save { name: format!("{title}-{stamp}.{ending}"), text });
}

/// The arranged rows with all columns, as CSV (RFC 4180).
fn csv(model: &Model, table: &dyn Table) -> String {
    let field = |text: &str| {
        let text = text::clean(text);
        if text.contains([',', '"']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.into_owned()
        }
    };
    let headings = table.headings();
    let columns: Vec<usize> = (0..headings.len()).collect();
    let mut out = headings.iter().map(|h| field(h.title)).collect::<Vec<_>>().join(",") + "\n";
    let rows = model.screen().list().into_iter().flat_map(|l| l.rows.iter());
    for cells in rows.filter_map(|o| table.cells(&model.world(), o, &columns)) {
        out += &(cells.iter().map(|c| field(&c.text)).collect::<Vec<_>>().join(",") + "\n");
    }
    out
}
