//! One lab for all tests, castellan in a terminal before it, and faults that always end.

use crate::screen::Screen;
use castellan_lab::{Context, Fault, Lab};
use castellan_terminal::{Size, Terminal};
use std::{
    io::Write as _,
    ops::Deref,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{LazyLock, Mutex, MutexGuard},
    time::Instant,
};

pub const BROKERS: [&str; 3] = ["kafka-0", "kafka-1", "kafka-2"];
pub const WIDE: Size = (220, 90);
pub const ALL_LIVE: &str = "Kubernetes live · Kafka live · throughput live";
pub const BOOTSTRAP: &str = "kafka-bootstrap.kafka.svc:9092";

pub struct Stage {
    pub lab: Lab,
    name: String,
    runtime: tokio::runtime::Runtime,
    /// castellan's configuration and state: its user's are none of the tests' business.
    own: tempfile::TempDir,
}

/// The lab in the hands of one test, which is told at its end how long that took.
pub struct Turn {
    stage: MutexGuard<'static, Stage>,
    begun: Instant,
}

/// The lab, whole, for one test at a time.
///
/// A lab costs half a minute, so all tests share one; `lab/test` ends it after the last.
pub fn stage() -> Turn {
    static STAGE: LazyLock<Mutex<Stage>> = LazyLock::new(|| Mutex::new(Stage::new()));
    let begun = Instant::now();
    let stage = STAGE.lock().unwrap_or_else(|failed_before| failed_before.into_inner());
    stage.runtime.block_on(stage.lab.undo_all()).expect("a whole lab");
    // A control plane that was away has lost its nodes, and Kafka with them, for a while.
    stage.kubectl("wait --for=condition=Ready nodes --all --timeout=120s");
    stage.kubectl("-n kafka wait --for=condition=Ready pod -l app.kubernetes.io/name=kafka --timeout=120s");
    Turn { stage, begun }
}

impl Deref for Turn {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.stage
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Past the test harness, which keeps to itself what tests that pass have printed.
        let _ = writeln!(std::io::stderr(), "{:.0} s", self.begun.elapsed().as_secs_f32());
    }
}

impl Stage {
    fn new() -> Stage {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let name = std::env::var("CASTELLAN_LAB_NAME").unwrap_or_else(|_| "console".into());
        let lab = runtime.block_on(Lab::start(&name)).expect("the lab starts");
        Stage { lab, name, runtime, own: tempfile::tempdir().expect("a folder") }
    }

    /// What the admin types where an unsafe plan asks for the context and the name.
    pub fn with_context(&self, name: &str) -> String {
        format!("{}-admin/{name}", self.name)
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

    /// castellan in the lab, where the brokers and Prometheus can be reached, with everything live.
    pub fn open_inside(&self, size: Size) -> Screen {
        let castellan = castellan().to_string_lossy().into_owned();
        let arguments = ["--kafka", "kafka/kafka"].map(String::from);
        let screen = self.run(self.lab.enter_command(&castellan), &arguments, size);
        screen.sees(ALL_LIVE);
        screen
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
        command.args(self.arguments(context, &["--once"])).args(arguments);
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

    /// What a command of castellan's prints that needs no terminal.
    pub fn castellan(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(castellan());
        command.env("XDG_CONFIG_HOME", self.own.path()).env("XDG_STATE_HOME", self.own.path());
        printed(command.args(arguments))
    }

    /// A folder for the tests' own files.
    pub fn folder(&self) -> &Path {
        self.own.path()
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

pub fn printed(command: &mut Command) -> String {
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
