//! The two worlds, and the programs that people use on them.

use castellan_lab::{Context, Lab};
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    ffi::OsString,
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{LazyLock, Mutex, MutexGuard, mpsc},
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

/// How long anything may take on a small machine that has other work, too.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A cluster of Kubernetes that has the lab's namespaces, with the lab's brokers in `kafka`.
pub struct World {
    kubeconfig: PathBuf,
    /// The names of the admin's context and of the viewer's.
    contexts: [String; 2],
    /// The brokers in the namespace `kafka`, where Kafka's clients run.
    bootstrap: String,
    stage: MutexGuard<'static, Stage>,
    /// The demo, where it is the demo.
    served: Option<Served>,
    began: Instant,
}

struct Stage {
    lab: Lab,
    name: String,
    runtime: Runtime,
}

#[derive(Clone, Copy)]
pub enum Who {
    Admin,
    Viewer,
}

/// What a program printed.
pub struct Told {
    pub out: String,
    pub err: String,
    pub succeeded: bool,
}

/// All tests share one lab, which `lab/test` ends; one of them has the worlds at a time.
fn stage() -> MutexGuard<'static, Stage> {
    static STAGE: LazyLock<Mutex<Stage>> = LazyLock::new(|| {
        // A provider that is there already does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = Runtime::new().expect("a runtime");
        let name = std::env::var("CASTELLAN_LAB_NAME").unwrap_or_else(|_| "contract".into());
        let lab = runtime.block_on(Lab::start(&name)).expect("the lab starts");
        runtime.block_on(lab.undo_all()).expect("a whole lab");
        Mutex::new(Stage { lab, name, runtime })
    });
    STAGE.lock().unwrap_or_else(|failed_before| failed_before.into_inner())
}

/// The lab, whole.
pub fn lab() -> World {
    let began = Instant::now();
    let stage = stage();
    let contexts = [Context::Admin, Context::Viewer].map(|context| context.name(&stage.name));
    let kubeconfig = stage.lab.kubeconfig(Context::Admin);
    let bootstrap = "kafka-bootstrap.kafka.svc:9092".into();
    let world = World { kubeconfig, contexts, bootstrap, stage, served: None, began };
    world.kubectl("wait -n kafka --for=condition=Ready pod -l app.kubernetes.io/name=kafka --timeout=120s");
    world
}

/// A new demo.
pub fn demo() -> World {
    let began = Instant::now();
    let stage = stage();
    let (served, lines) = Served::start();
    let line = |start: &str| lines.iter().find_map(|line| line.strip_prefix(start)).expect("an address");
    let kubeconfig = line("KUBECONFIG=").into();
    let bootstrap = line("BOOTSTRAP kafka/kafka ").to_owned();
    let contexts = ["demo", "viewer"].map(String::from);
    World { kubeconfig, contexts, bootstrap, stage, served: Some(served), began }
}

impl World {
    /// What kubectl tells the admin.
    pub fn kubectl(&self, arguments: &str) -> Told {
        Told::by(self.kubectl_command(arguments), "")
    }

    /// What kubectl tells the admin who gives it this to send.
    pub fn kubectl_sends(&self, arguments: &str, body: &str) -> Told {
        Told::by(self.kubectl_command(arguments), body)
    }

    /// kubectl as it goes on.
    pub fn kubectl_lines(&self, arguments: &str) -> Lines {
        Lines::of(self.kubectl_command(arguments))
    }

    fn kubectl_command(&self, arguments: &str) -> Command {
        let mut command = Command::new("kubectl");
        command.env("PATH", self.tools()).arg("--kubeconfig").arg(&self.kubeconfig);
        command.args(["--context", &self.contexts[0]]).args(arguments.split(' '));
        command
    }

    /// What kcat tells that sends this.
    pub fn kcat(&self, arguments: &str, body: &str) -> Told {
        let mut command = self.beside_the_brokers("kcat");
        command.args(["-b", &self.bootstrap]).args(arguments.split(' '));
        Told::by(command, body)
    }

    /// What one of Kafka's own tools tells.
    pub fn tool(&self, name: &str, arguments: &str) -> Told {
        let mut command = self.beside_the_brokers(name);
        command.args(["--bootstrap-server", &self.bootstrap]).args(arguments.split(' '));
        Told::by(command, "")
    }

    fn beside_the_brokers(&self, program: &str) -> Command {
        if self.served.is_none() {
            return self.stage.lab.enter_command(program);
        }
        let mut command = Command::new("env");
        command.env("PATH", self.tools()).arg(program);
        command
    }

    /// With the lab's programs before all others.
    fn tools(&self) -> OsString {
        let folder =
            std::fs::read_to_string(self.stage.lab.home().root().join("path")).expect("the programs");
        format!("{folder}:{}", std::env::var("PATH").expect("a PATH")).into()
    }

    /// Asks the API server as castellan does. kubectl does not say who it is where there is no TLS.
    pub fn ask<T>(&self, who: Who, question: impl AsyncFnOnce(Client) -> T) -> T {
        self.stage.runtime.block_on(async {
            let file = Kubeconfig::read_from(&self.kubeconfig).expect("a kubeconfig");
            let context = Some(self.contexts[who as usize].clone());
            let options = KubeConfigOptions { context, ..Default::default() };
            let config = Config::from_custom_kubeconfig(file, &options).await.expect("a configuration");
            let client = Client::try_from(config).expect("a client");
            tokio::time::timeout(PATIENCE, question(client)).await.expect("an answer in time")
        })
    }

    /// Asks again and again until the answer is as wanted.
    #[track_caller]
    pub fn until<T>(&self, what: &str, look: impl Fn() -> Result<T, String>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match look() {
                Ok(seen) => return seen,
                Err(seen) if Instant::now() > deadline => panic!("{what}: still {seen}"),
                Err(_) => std::thread::sleep(Duration::from_millis(300)),
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Past the test harness, which keeps to itself what tests that pass have printed.
        let _ = writeln!(std::io::stderr(), "{:.1} s", self.began.elapsed().as_secs_f32());
    }
}

impl Told {
    fn by(mut command: Command, body: &str) -> Told {
        let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = streams.spawn().expect("the program runs");
        // A program that reads nothing may have ended.
        let _ = child.stdin.take().expect("its input").write_all(body.as_bytes());
        let output = child.wait_with_output().expect("the program ends");
        let [out, err] = [output.stdout, output.stderr].map(|b| String::from_utf8_lossy(&b).into_owned());
        Told { out, err, succeeded: output.status.success() }
    }

    /// What it printed, having done what it was told to do.
    #[track_caller]
    pub fn done(self) -> String {
        assert!(self.succeeded, "{}{}", self.out, self.err);
        self.out
    }

    /// Its last words, having failed.
    #[track_caller]
    pub fn failed(self) -> String {
        assert!(!self.succeeded, "{}{}", self.out, self.err);
        self.err.trim_end().into()
    }
}

/// The lines that a program prints while it runs, which ends with this.
pub struct Lines {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Lines {
    fn of(mut command: Command) -> Lines {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program runs");
        let (tell, lines) = mpsc::channel();
        let out: BufReader<ChildStdout> = BufReader::new(child.stdout.take().expect("its output"));
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Lines { child, lines }
    }

    #[track_caller]
    pub fn next(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("one more line")
    }

    /// Waits for a line.
    #[track_caller]
    pub fn sees(&self, wanted: impl Fn(&str) -> bool) -> String {
        std::iter::repeat_with(|| self.next()).find(|line| wanted(line)).expect("lines without end")
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        end(&mut self.child, Signal::KILL);
    }
}

/// `castellan demo --serve`, which ends with this.
struct Served(Child);

impl Served {
    /// The demo and the lines that it printed.
    fn start() -> (Served, Vec<String>) {
        let this = std::env::current_exe().expect("this program's path");
        let beside = this.ancestors().skip(1).map(|folder| folder.join("castellan"));
        let program = { beside }.find(|path| path.is_file());
        let mut command = Command::new(program.expect("castellan is built: cargo build -p castellan"));
        command.args(["demo", "--serve", "--scenario", "healthy"]).stdout(Stdio::piped());
        let mut child = command.spawn().expect("castellan runs");
        let out = BufReader::new(child.stdout.take().expect("its output"));
        let served = Served(child);
        // The second cluster's brokers are told of last.
        let mut lines = Vec::new();
        for line in out.lines().map_while(Result::ok) {
            let last = line.starts_with("BOOTSTRAP staging/");
            lines.push(line);
            if last {
                break;
            }
        }
        (served, lines)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        end(&mut self.0, Signal::TERM);
    }
}

fn end(child: &mut Child, how: Signal) {
    // What has ended already needs no signal.
    let _ = kill_process(Pid::from_child(child), how);
    let _ = child.wait();
}
