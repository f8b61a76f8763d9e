//! The README's tables are made from the registries. This test fails where they differ; run it with
//! `CASTELLAN_WRITE_DOCUMENTS=1` to write them anew.

use castellan::{
    action::{Need, Of, VERBS, Verb},
    app::command::{self, Command, Scope, Section},
    cli::Cli,
    pane::PANES,
    view::theme,
};
use clap::CommandFactory as _;
use std::{fmt::Write as _, fs, path::Path};

fn row(cells: &[&str]) -> String {
    format!("| {} |\n", cells.iter().map(|c| c.replace('|', "\\|")).collect::<Vec<_>>().join(" | "))
}

fn table(titles: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut out = row(titles) + &row(&vec!["---"; titles.len()]);
    for cells in rows {
        out += &row(&cells.iter().map(String::as_str).collect::<Vec<_>>());
    }
    out
}

fn panes() -> String {
    let rows = PANES.iter().map(|pane| {
        let words: Vec<String> =
            std::iter::once(&pane.name).chain(pane.aliases).map(|w| format!("`:{w}`")).collect();
        vec![words.join(" "), pane.about.to_string()]
    });
    table(&["command", "what it shows"], rows)
}

/// Every command with its keys, by the sections of help.
fn keys() -> String {
    let mut out = String::new();
    for section in Section::ALL {
        let rows = command::all().filter(|c| c.section == section).map(|c| {
            let keys: Vec<String> = c.keys.iter().map(|k| format!("`{k}`")).collect();
            vec![keys.join(" "), typed(c), c.about.to_string(), places(c)]
        });
        let _ = write!(
            out,
            "\n**{}**\n\n{}",
            section.title(),
            table(&["keys", "command", "what it does", "where"], rows)
        );
    }
    out
}

fn typed(command: &Command) -> String {
    let argument = command.argument_name().map(|name| format!(" {name}")).unwrap_or_default();
    format!("`:{}{argument}`", command.name)
}

fn places(command: &Command) -> String {
    let word = |scope: &Scope| match scope {
        Scope::Table => "tables",
        Scope::Charts => "charts",
        Scope::Reader => "texts",
        Scope::Log => "logs",
        Scope::Messages => "messages",
        Scope::Confirm => "plans",
        Scope::Help => "help",
    };
    if command.scopes.len() >= command::SHEETS_AND_PANES.len() {
        return "everywhere".into();
    }
    command.scopes.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// What a verb may need of RBAC and of Kafka, each once, with the plans that need it.
fn permissions(verb: &Verb) -> (String, String) {
    let mut needs: Vec<(Need, Vec<String>)> = Vec::new();
    for may in verb.acts {
        let of = match may.of {
            Of::Any => None,
            Of::Kind(kind) => Some(kind.name().to_string()),
            Of::Topics => Some("of topics".into()),
            Of::Brokers => Some("of brokers".into()),
            Of::KeptBy(keeper) => Some(format!("kept by {}", keeper.words())),
            Of::NotKeptBy(keeper) => Some(format!("not kept by {}", keeper.words())),
        };
        let when: Vec<String> = of.into_iter().chain(may.when.map(String::from)).collect();
        for need in may.act.needs() {
            match needs.iter_mut().find(|(other, _)| *other == need) {
                Some((_, all)) => all.push(when.join(", ")),
                None => needs.push((need, vec![when.join(", ")])),
            }
        }
    }
    let cell = |wanted: fn(&Need) -> Option<String>| {
        let words = |(need, when): &(Need, Vec<String>)| {
            let always = when.iter().any(String::is_empty);
            let when = if always { String::new() } else { format!(" ({})", when.join("; ")) };
            Some(wanted(need)? + &when)
        };
        needs.iter().filter_map(words).collect::<Vec<_>>().join(", ")
    };
    let rbac = cell(|need| match need {
        Need::Kubernetes(permission) => Some(format!("`{permission}`")),
        Need::Kafka(_) => None,
    });
    let kafka = cell(|need| match need {
        Need::Kubernetes(_) => None,
        Need::Kafka(permission) => Some(permission.to_string()),
    });
    (rbac, kafka)
}

/// Every verb with what it asks of the operator, of RBAC and of Kafka.
fn actions() -> String {
    let rows = VERBS.iter().map(|verb| {
        let keys: Vec<String> = verb.keys.iter().map(|k| format!("`{k}`")).collect();
        let argument = verb.argument.as_ref().map(|a| format!(" {}", a.name)).unwrap_or_default();
        let (rbac, kafka) = permissions(verb);
        vec![
            keys.join(" "),
            format!("`:{}{argument}`", verb.name),
            verb.about.to_string(),
            verb.friction.words().to_string(),
            rbac,
            kafka,
        ]
    });
    table(&["keys", "command", "what it does", "confirmed by", "RBAC", "Kafka"], rows)
}

fn themes() -> String {
    let rows = theme::embedded().into_iter().map(|(name, text)| {
        let about = text.lines().next().unwrap_or_default().trim_start_matches("# ").to_string();
        vec![format!("`{name}`"), about]
    });
    table(&["theme", ""], rows)
}

fn options() -> String {
    let mut command = Cli::command();
    command.build();
    let mut out = String::new();
    for option in command.get_arguments().filter(|a| !a.is_hide_set()) {
        let long = option.get_long().map(|l| format!("--{l}"));
        let short = option.get_short().map(|s| format!("-{s}"));
        let names: Vec<String> = [long, short].into_iter().flatten().collect();
        let value = option.get_value_names().filter(|_| option.get_action().takes_values());
        let value = value.map(|v| format!(" {}", v[0])).unwrap_or_default();
        let help = option.get_help().map(ToString::to_string).unwrap_or_default();
        out += &row(&[&format!("`{}{value}`", names.join("`, `")), &help]);
    }
    row(&["option", "meaning"]) + &row(&["---", "---"]) + &out
}

fn configuration() -> String {
    format!("```toml\n{}```\n", castellan::config::TEMPLATE)
}

/// Makes one part of the document.
type Maker = fn() -> String;

/// The document with every marked part replaced by what its maker makes.
fn made(document: &str) -> String {
    let makers: [(&str, Maker); 6] = [
        ("panes", panes),
        ("keys", keys),
        ("actions", actions),
        ("themes", themes),
        ("options", options),
        ("configuration", configuration),
    ];
    makers.into_iter().fold(document.to_string(), |text, (name, make)| {
        let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
        let (before, rest) = text.split_once(&start).unwrap_or_else(|| panic!("no {start} in the README"));
        let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no {end} in the README"));
        let mut whole = String::new();
        let _ = write!(whole, "{before}{start}{}{end}{after}", make());
        whole
    })
}

#[test]
fn the_readme_says_what_the_registries_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let written = fs::read_to_string(&path).expect("README.md");
    let made = made(&written);
    if std::env::var_os("CASTELLAN_WRITE_DOCUMENTS").is_some() {
        fs::write(&path, made).expect("a writable README.md");
        return;
    }
    assert!(
        written == made,
        "the README's tables differ from the registries: run CASTELLAN_WRITE_DOCUMENTS=1 cargo test --test documents"
    );
}
