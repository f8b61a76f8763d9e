//! The dependency rule of ARCHITECTURE.md, read from the source files themselves.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// (layer, what of castellan's own modules it may import).
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &["domain"]),
    ("source", &["domain", "source", "suggest"]),
    ("pane", &["domain", "pane"]),
    ("action", &["action", "clock", "domain", "suggest"]),
    ("effect", &["action", "domain", "effect", "source"]),
    ("app", &["action", "app", "clock", "config", "domain", "pane", "suggest"]),
    ("view", &["app", "clock", "domain", "pane", "suggest", "view"]),
    // Servers for castellan's own clients: of these it borrows the wire's messages, and nothing else.
    ("demo", &["demo", "domain", "source"]),
    ("demo/world", &["demo", "domain"]),
];

/// Crates that speak to a network or a runtime.
const IMPURE: &[&str] = &[
    "kube",
    "k8s_openapi",
    "rdkafka",
    "kafka_protocol",
    "reqwest",
    "tokio",
    "hyper_util",
    "prometheus_parse",
];
/// Crates that know a terminal.
const TERMINAL: &[&str] = &["ratatui", "crossterm", "tui_input"];

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(layer: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![src().join(layer)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder is there") {
            let path = entry.expect("an entry").path();
            match path.extension() {
                // Tests may look at other layers.
                _ if path.file_stem().is_some_and(|s| s.to_string_lossy().ends_with("tests")) => {}
                _ if path.is_dir() => folders.push(path),
                Some(e) if e == "rs" => found.push(path),
                _ => {}
            }
        }
    }
    assert!(!found.is_empty(), "the layer {layer} has no files");
    found
}

/// The code of a file without comments and without the test module at its end.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a readable file");
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The first segments after `crate::`, in paths and in grouped imports.
fn own_imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(heads_of_group(group)),
            None => found.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()),
        }
    }
    found
}

fn heads_of_group(group: &str) -> Vec<String> {
    let (mut depth, mut heads, mut word) = (0, Vec::new(), String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(std::mem::take(&mut word)),
            c if depth == 0 && !c.is_whitespace() => word.push(c),
            _ => {}
        }
    }
    heads.push(word);
    heads.iter().filter_map(|w| w.split("::").next()).filter(|w| !w.is_empty()).map(String::from).collect()
}

fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(&format!("{name}::"))
        .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
}

/// `file: crate` for each file of the layer that names one of the crates.
fn naming(layer: &str, crates: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files(layer) {
        let code = code(&file);
        let place = file.strip_prefix(src()).expect("below src").display().to_string();
        found.extend(crates.iter().filter(|c| names_crate(&code, c)).map(|c| format!("{place}: {c}")));
    }
    found
}

#[test]
fn each_layer_imports_only_what_it_may() {
    let mut broken = Vec::new();
    for (layer, allowed) in LAYERS {
        for file in files(layer) {
            let crossing = own_imports(&code(&file)).into_iter().filter(|i| !allowed.contains(&i.as_str()));
            broken.extend(crossing.map(|i| format!("{}: crate::{i}", file.display())));
        }
    }
    assert!(broken.is_empty(), "these imports cross a layer:\n{}", broken.join("\n"));
}

#[test]
fn pure_layers_do_no_io_and_lower_layers_know_no_terminal() {
    let both = [IMPURE, TERMINAL].concat();
    let layers: [(&str, &[&str]); 8] = [
        ("demo/world", &both),
        ("domain", &both),
        ("action", &both),
        ("effect", TERMINAL),
        ("pane", &both),
        ("app", IMPURE),
        ("view", IMPURE),
        ("source", TERMINAL),
    ];
    let broken: Vec<String> = layers
        .into_iter()
        .flat_map(|(layer, crates)| naming(layer, &crates.iter().map(|c| c.to_string()).collect::<Vec<_>>()))
        .collect();
    assert!(broken.is_empty(), "these files know a crate that their layer must not:\n{}", broken.join("\n"));
}

#[test]
fn the_domain_knows_only_std_and_serde() {
    let manifest: toml::Table = include_str!("../Cargo.toml").parse().expect("a manifest");
    let crates = manifest["dependencies"].as_table().expect("dependencies").keys();
    let outside: Vec<String> = crates.filter(|c| *c != "serde").map(|c| c.replace('-', "_")).collect();
    let broken = naming("domain", &outside);
    assert!(broken.is_empty(), "the domain imports:\n{}", broken.join("\n"));
}

/// What would change something, in the words of the clients that castellan uses.
const WRITES: &[&str] = &[
    "Method::PATCH",
    "Method::PUT",
    "Method::DELETE",
    "Request::patch",
    "Request::put",
    "Request::delete",
    "PostParams",
    "PatchParams",
    "DeleteParams",
    "evict(",
    "/eviction",
    "AlterPartitionReassignments",
    "ElectLeaders",
    "CreateTopics",
    "CreatePartitions",
    "AlterConfigs",
    "DeleteTopics",
    "DeleteRecords",
    "DeleteGroups",
    "OffsetCommit",
    "OffsetDelete",
    "Producer",
    "ProduceRequest",
];

fn places(words: &[&str], among: impl IntoIterator<Item = PathBuf>) -> Vec<String> {
    let mut found = Vec::new();
    for file in among.into_iter().filter(|f| !f.components().any(|c| c.as_os_str() == "tests")) {
        let code = code(&file);
        let place = file.strip_prefix(src()).expect("below src").display().to_string();
        found.extend(words.iter().filter(|w| code.contains(**w)).map(|w| format!("{place}: {w}")));
    }
    found.sort();
    found
}

/// Everything but the layer itself, and the demo, whose servers take what others write.
fn outside(layer: &str) -> Vec<PathBuf> {
    let here = [src().join(layer), src().join("demo")];
    files("").into_iter().filter(|f| !here.iter().any(|h| f.starts_with(h))).collect()
}

#[test]
fn only_the_effects_can_change_anything() {
    // The pure layers name what they cannot do.
    let impure = outside("effect").into_iter();
    let pure = ["action", "domain"].map(|layer| src().join(layer));
    let writing = places(WRITES, impure.filter(|f| !pure.iter().any(|p| f.starts_with(p))));
    assert!(writing.is_empty(), "these files know how to write:\n{}", writing.join("\n"));
    // An access review is the one question that is put as a POST.
    assert_eq!(
        places(&["Request::post", "Method::POST"], outside("effect")),
        ["source/kubernetes/request.rs: Request::post"]
    );
    assert!(!places(WRITES, files("effect")).is_empty(), "the scan sees no write at all");
}

/// Whoever else knows the effects reads the journal.
#[test]
fn the_app_does_not_know_the_effects() {
    let known = places(&["effect::"], outside("effect"));
    assert_eq!(known, ["journal.rs: effect::", "perform.rs: effect::"]);
}

/// The hand is made in one place, and that place is come to in one, where it was asked whether to.
#[test]
fn read_only_makes_no_hand() {
    assert_eq!(places(&["Hand::new("], outside("effect")), ["perform.rs: Hand::new("]);
    let run = code(&src().join("run.rs"));
    assert_eq!(places(&["Performer::writing("], files("")), ["run.rs: Performer::writing("]);
    let asked = run.split("if settings.read_only {").nth(1).expect("run.rs asks whether it is read-only");
    let (read_only, writing) = asked.split_once("} else {").expect("and does otherwise if not");
    assert!(
        read_only.contains("Performer::read_only(")
            && writing.trim_start().starts_with("Performer::writing(")
    );
}

#[test]
fn the_scan_sees_imports_as_they_are_written() {
    let code = "use crate::{domain::{a, b}, view::c};\nlet x = crate::source::now();\nuse my_crate::no;";
    assert_eq!(own_imports(code), ["domain", "view", "source"]);
    assert!(names_crate("use tokio::sync;", "tokio") && !names_crate("use my_tokio::x;", "tokio"));
}
