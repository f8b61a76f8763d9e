//! One lab for all tests, castellan in a terminal before it, and faults that always end.

use castellan_lab::{Context, Fault, Lab};
use castellan_terminal::{Size, Terminal};
use std::{
    path::PathBuf,
    process::{Command, Output},
    sync::{LazyLock, Mutex, MutexGuard},
    time::Duration,
};

/// How long anything may take on a small machine that has other work, too.
pub const PATIENCE: Duration = Duration::from_secs(180);
pub const WIDE: Size = (220, 90);
pub const ALL_LIVE: &str = "Kubernetes live · Kafka live · throughput live";
pub const BOOTSTRAP: &str = "kafka-bootstrap.kafka.svc:9092";

pub struct Stage {
    pub lab: Lab,
    runtime: tokio::runtime::Runtime,
    /// castellan's configuration and state: its user's are none of the tests' business.
    own: tempfile::TempDir,
}

/// The lab, whole, for one test at a time.
///
/// A lab costs half a minute, so all tests share one; `lab/test` ends it after the last.
pub fn stage() -> MutexGuard<'static, Stage> {
    static STAGE: LazyLock<Mutex<Stage>> = LazyLock::new(|| Mutex::new(Stage::new()));
    let stage = STAGE.lock().unwrap_or_else(|failed_before| failed_before.into_inner());
    stage.runtime.block_on(stage.lab.undo_all()).expect("a whole lab");
    // A control plane that was away has lost its nodes, and Kafka with them, for a while.
    stage.kubectl("wait --for=condition=Ready nodes --all --timeout=120s");
    stage.kubectl("-n kafka wait --for=condition=Ready pod -l app.kubernetes.io/name=kafka --timeout=120s");
    stage
}

impl Stage {
    fn new() -> Stage {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let name = std::env::var("CASTELLAN_LAB_NAME").unwrap_or_else(|_| "console".into());
        let lab = runtime.block_on(Lab::start(&name)).expect("the lab starts");
        Stage { lab, runtime, own: tempfile::tempdir().expect("a folder") }
    }

    /// castellan from outside, on the brokers in the namespace `kafka`, with everything live.
    pub fn open(&self, context: Context, size: Size) -> Screen {
        let screen = self.start(context, &["--kafka", "kafka/kafka"], size);
        screen.sees(ALL_LIVE);
        screen
    }

    pub fn start(&self, context: Context, arguments: &[&str], size: Size) -> Screen {
        self.run(Command::new(castellan()), &self.arguments(context, arguments), size)
    }

    fn run(&self, command: Command, arguments: &[String], size: Size) -> Screen {
        let before = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
        let arguments: Vec<String> = before.chain(arguments.iter().cloned()).collect();
        let own = self.own.path().to_string_lossy();
        let places = [("XDG_CONFIG_HOME", &*own), ("XDG_STATE_HOME", &*own)];
        let program = command.get_program().to_string_lossy();
        Screen(Terminal::start(&program, &arguments, &places, size).expect("castellan starts"))
    }

    fn arguments(&self, context: Context, arguments: &[&str]) -> Vec<String> {
        let kubeconfig = self.lab.kubeconfig(context).to_string_lossy().into_owned();
        let first = ["--kubeconfig".to_string(), kubeconfig];
        first.into_iter().chain(arguments.iter().map(|a| a.to_string())).collect()
    }

    /// What `castellan --once` prints and ends with.
    pub fn once(&self, context: Context, arguments: &[&str]) -> (String, i32) {
        let mut command = Command::new(castellan());
        command.args(self.arguments(context, &["--kafka", "kafka/kafka", "--once"])).args(arguments);
        command.env("XDG_CONFIG_HOME", self.own.path()).env("XDG_STATE_HOME", self.own.path());
        let output = command.output().expect("castellan runs");
        (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code().expect("an exit code"))
    }

    /// What kubectl prints for the admin.
    pub fn kubectl(&self, arguments: &str) -> String {
        printed(self.lab.kubectl(Context::Admin).args(arguments.split(' ')))
    }

    /// What one of Kafka's own tools prints.
    pub fn tool(&self, name: &str, arguments: &str) -> String {
        let mut command = self.lab.enter_command(name);
        printed(command.args(["--bootstrap-server", BOOTSTRAP]).args(arguments.split(' ')))
    }

    /// Breaks something until the value is mended or dropped.
    pub fn fault(&self, fault: Fault) -> Broken<'_> {
        self.runtime.block_on(self.lab.fault(fault.clone())).expect("the fault is done");
        Broken { stage: self, fault }
    }
}

/// A fault that is on.
pub struct Broken<'a> {
    stage: &'a Stage,
    fault: Fault,
}

impl Broken<'_> {
    pub fn mend(self) {}
}

impl Drop for Broken<'_> {
    fn drop(&mut self) {
        let undone = self.stage.runtime.block_on(self.stage.lab.undo(self.fault.clone()));
        // The next test mends everything again, and says so where that fails.
        if let (Err(error), false) = (undone, std::thread::panicking()) {
            panic!("{:?} is not undone: {error:#}", self.fault);
        }
    }
}

/// castellan's screen; what is awaited in vain fails the test with the screen.
pub struct Screen(Terminal);

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

    pub fn press(&mut self, keys: &str) {
        self.0.send(keys).expect("the terminal takes keys");
    }

    /// Opens a pane by its command.
    #[track_caller]
    pub fn go(&mut self, pane: &str) {
        self.press(&format!(":{pane}\r"));
        self.sees(&format!("── {pane} ─"));
    }

    /// The keys work: help opens and closes.
    #[track_caller]
    pub fn is_alive(&mut self) {
        self.press("?");
        self.sees(" keys of ");
        self.press("?");
        self.waits("help is closed", |screen| !screen.contains(" keys of "));
    }
}

/// What stands in the row under a heading: the word that shares a column with it.
pub fn under<'a>(head: &str, row: &'a str, title: &str) -> &'a str {
    let place = head.find(title).unwrap_or_else(|| panic!("no {title} in {head:?}"));
    let from = head[..place].chars().count();
    let until = from + title.chars().count();
    let mut words = row.split(' ').scan(0, |column, word| {
        let start = *column;
        *column += word.chars().count() + 1;
        Some((start, *column - 1, word))
    });
    let shares =
        |(start, end, word): &(usize, usize, &str)| !word.is_empty() && *start < until && *end > from;
    words.find(shares).map_or("", |(_, _, word)| word)
}

fn printed(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().expect("the command runs");
    assert!(status.success(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8_lossy(&stdout).into_owned()
}

/// The program under test, built beside the tests.
fn castellan() -> PathBuf {
    let this = std::env::current_exe().expect("this program's path");
    let beside = this.ancestors().skip(1).map(|folder| folder.join("castellan"));
    beside.into_iter().find(|path| path.is_file()).expect("castellan is built: cargo build -p castellan")
}
