//! The real binary in a real pseudo-terminal, with an API server that cannot be reached.

use castellan_terminal::Terminal;
use std::{path::Path, process::Command, time::Duration};

const SOON: Duration = Duration::from_secs(20);
const KUBECONFIG: &str = r#"
apiVersion: v1
kind: Config
current-context: nowhere
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {token: x}}]
contexts: [{name: nowhere, context: {cluster: c, user: u}}]
"#;

struct Console {
    terminal: Terminal,
    home: tempfile::TempDir,
}

fn start(arguments: &[&str]) -> Console {
    let home = tempfile::tempdir().expect("a folder");
    let kubeconfig = home.path().join("kubeconfig");
    std::fs::write(&kubeconfig, KUBECONFIG).expect("a kubeconfig");
    let path = |p: &Path| p.display().to_string();
    let environment = [
        ("KUBECONFIG", path(&kubeconfig)),
        ("HOME", path(home.path())),
        ("XDG_STATE_HOME", path(&home.path().join("state"))),
        ("XDG_CONFIG_HOME", path(&home.path().join("config"))),
        ("LANG", "C.UTF-8".into()),
        ("LC_ALL", "C.UTF-8".into()),
    ];
    let environment: Vec<(&str, &str)> = environment.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let arguments: Vec<String> = arguments.iter().map(|a| a.to_string()).collect();
    let binary = env!("CARGO_BIN_EXE_castellan");
    let terminal = Terminal::start(binary, &arguments, &environment, (80, 24)).expect("a terminal");
    Console { terminal, home }
}

/// On the screen, saying in words that the server is away.
fn running(arguments: &[&str]) -> Console {
    let console = start(arguments);
    console.terminal.wait_for("Kubernetes failed", SOON).expect("the failure in words");
    console
}

/// The terminal's reader may be behind the program's end.
fn restored(console: &Console) {
    let back = |_: &str| console.terminal.look(|screen| !screen.alternate_screen());
    console.terminal.wait("the alternate screen left", SOON, back).expect("restored");
    console.terminal.look(|screen| {
        assert!(!screen.bracketed_paste() && !screen.hide_cursor());
        assert_eq!(format!("{:?}", screen.mouse_protocol_mode()), "None");
    });
}

fn signal(console: &Console, name: &str) {
    let pid = console.terminal.pid().expect("a pid").to_string();
    let sent = Command::new("kill").args([format!("-{name}"), pid]).status().expect("kill");
    assert!(sent.success());
}

/// Waits until the system holds it as stopped: a signal to go on that comes before is lost.
fn stopped(console: &Console) {
    let path = format!("/proc/{}/stat", console.terminal.pid().expect("a pid"));
    let is_stopped = |_: &str| {
        let stat = std::fs::read_to_string(&path).expect("a process");
        stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'))
    };
    console.terminal.wait("the program stopped", SOON, is_stopped).expect("stopped");
}

#[test]
fn it_stays_says_what_is_wrong_and_gives_the_terminal_back() {
    let mut console = running(&["--pane", "pods"]);
    console.terminal.look(|screen| assert!(screen.alternate_screen()));
    console.terminal.send("?").expect("a key");
    console.terminal.wait_for("close help", SOON).expect("help");
    console.terminal.send("qq").expect("keys");
    assert_eq!(console.terminal.wait_end(SOON).expect("an end").exit_code(), 0);
    restored(&console);
    assert!(console.home.path().join("state/castellan/castellan.log").exists());
}

#[test]
fn the_first_screen_without_a_cluster_says_what_was_looked_for_and_what_to_do() {
    let mut console = running(&[]);
    let kubeconfig = console.home.path().join("kubeconfig").display().to_string();
    let words = [
        "UNKNOWN Kubernetes unreachable",
        &kubeconfig,
        "nowhere: cluster c, user u",
        "API server     127.0.0.1:1 cannot be reached: connection refused",
        "castellan doctor",
        "castellan demo",
    ];
    for word in words {
        console.terminal.wait_for(word, SOON).expect("a word of the first screen");
    }
    // The other panes are as ever.
    console.terminal.send(":pods\r").expect("keys");
    console.terminal.wait_for("── pods ", SOON).expect("a pane");
}

#[test]
fn who_has_no_kubeconfig_is_told_where_it_was_looked_for_and_what_needs_none() {
    let home = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_castellan"))
        .env_remove("KUBECONFIG")
        .env_remove("KUBERNETES_SERVICE_HOST")
        .env("HOME", home.path())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let looked = home.path().join(".kube/config").display().to_string();
    assert!(
        said.contains(&looked) && said.contains("castellan demo") && said.contains("castellan doctor"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_doctor_looks_at_the_cluster_that_is_named_after_it() {
    let home = tempfile::tempdir().expect("a folder");
    let nowhere = home.path().join("nowhere").display().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_castellan"))
        .args(["doctor", "--kubeconfig", &nowhere])
        .env("HOME", home.path())
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains(&format!("no kubeconfig found (looked in {nowhere})")), "{told}");
}

#[test]
fn signals_end_it_with_the_terminal_restored() {
    for (name, code) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let mut console = running(&["--pane", "pods"]);
        signal(&console, name);
        assert_eq!(console.terminal.wait_end(SOON).expect("an end").exit_code(), code, "{name}");
        restored(&console);
    }
}

#[test]
fn it_can_be_stopped_and_goes_on() {
    let mut console = running(&["--pane", "pods"]);
    signal(&console, "TSTP");
    stopped(&console);
    restored(&console);
    signal(&console, "CONT");
    console.terminal.wait_for("cannot be reached", SOON).expect("drawn again");
    console.terminal.look(|screen| assert!(screen.alternate_screen()));
    console.terminal.send("q").expect("a key");
    assert_eq!(console.terminal.wait_end(SOON).expect("an end").exit_code(), 0);
    restored(&console);
}

#[test]
fn mistakes_are_said_before_the_screen_is_taken() {
    for (arguments, said) in [
        (["--theme", "drk"], "did you mean dark?"),
        (["--pane", "pds"], "did you mean pods?"),
        (["--context", "prod"], "prod"),
    ] {
        let mut console = start(&arguments);
        assert_ne!(console.terminal.wait_end(SOON).expect("an end").exit_code(), 0, "{arguments:?}");
        let is_said = |text: &str| text.replace('\n', "").contains(said);
        console.terminal.wait(said, SOON, is_said).expect("the sentence");
    }
}

#[test]
fn idle_writes_nothing() {
    let mut console = running(&["--pane", "charts"]);
    console.terminal.send(":theme mono\r").expect("keys");
    std::thread::park_timeout(Duration::from_millis(900));
    let before = console.terminal.bytes();
    std::thread::park_timeout(Duration::from_millis(900));
    let written = console.terminal.bytes() - before;
    assert!(written < 400, "{written} bytes in 0.9 s");
}

#[test]
fn a_report_that_can_tell_nothing_ends_as_unknown() {
    for arguments in [&["--once", "--refresh", "-1"][..], &["--once", "--kubeconfig", "/nowhere"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_castellan")).args(arguments).output().expect("it runs");
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "one sentence, and no report");
    }
}

#[test]
fn no_key_of_a_burst_is_lost() {
    let mut console = running(&[]);
    let typed: String = (0..70).map(|n| char::from(b'a' + (n % 26) as u8)).collect();
    console.terminal.send(&format!("/{typed}")).expect("keys");
    console.terminal.wait_for(&format!("/{typed}"), SOON).expect("every one of them, in order");
}
