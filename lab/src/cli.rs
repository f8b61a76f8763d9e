//! The program `lab`.

use crate::control::{self, Request};
use crate::fault::Fault;
use crate::home::Home;
use crate::inside::{app::App, broker, contain::Contain};
use crate::kubeconfig::Context;
use crate::toolbox::Toolbox;
use crate::{Lab, fill, keeper, launch};
use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use kube::config::{KubeConfigOptions, Kubeconfig};
use std::io::Write as _;
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// A real Kafka on a real Kubernetes, on this machine.
#[derive(Debug, Parser)]
#[command(name = "lab", version)]
struct Cli {
    /// Which lab; several run side by side.
    #[arg(long, global = true, default_value = "lab", env = "CASTELLAN_LAB_NAME")]
    name: String,
    #[command(subcommand)]
    command: Order,
}

#[derive(Debug, Subcommand)]
enum Order {
    /// Build what is missing, start everything, and print how to use it.
    Up,
    /// End the lab and everything in it.
    Down,
    /// Tell how the lab does.
    Status,
    /// Run a command inside the lab, where Kafka and Prometheus can be reached.
    Enter {
        /// The command with its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, default_value = "bash")]
        command: Vec<String>,
    },
    /// Break something.
    Fault {
        #[command(subcommand)]
        fault: Fault,
    },
    /// Mend what a fault broke, or everything.
    Undo {
        #[command(subcommand)]
        fault: Option<Fault>,
    },
    /// Make thousands of pods more.
    Fill {
        #[arg(long, default_value_t = 5000)]
        pods: u32,
        /// Remove them again.
        #[arg(long)]
        undo: bool,
    },
    #[command(hide = true)]
    Keeper {
        #[arg(long)]
        toolbox: PathBuf,
        #[arg(long)]
        listener: i32,
    },
    #[command(hide = true)]
    Contain(Contain),
    #[command(hide = true)]
    Broker,
    #[command(hide = true)]
    App {
        #[command(subcommand)]
        app: App,
    },
}

/// Prints a line to whoever still reads: a closed pipe is no error.
macro_rules! say {
    ($($text:tt)*) => {{ let _ = writeln!(std::io::stdout(), $($text)*); }};
}

/// Runs the program.
pub fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<()> {
    match cli.command {
        // These become another program: they must not have threads.
        Order::Contain(contain) => contain.exec(),
        Order::Broker => broker::exec(),
        order => {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            runtime.block_on(obey(&cli.name, order))
        }
    }
}

async fn obey(name: &str, order: Order) -> Result<()> {
    let home = Home::of(name)?;
    match order {
        Order::Up => up(&home).await,
        Order::Down => {
            say!("{}", if launch::down(&home).await? { "ended" } else { "it does not run" });
            Ok(())
        }
        Order::Status => status(name).await,
        Order::Enter { command } => enter(name, &command).await,
        Order::Fault { fault } => control::ask(&home.control(), &Request::Fault(fault)).await.map(drop),
        Order::Undo { fault } => control::ask(&home.control(), &Request::Undo(fault)).await.map(drop),
        Order::Fill { pods, undo } => {
            let client = client(&home).await?;
            if undo { fill::drain(&client).await } else { fill::fill(&client, pods).await }
        }
        Order::App { app } => app.run().await,
        Order::Keeper { toolbox, listener } => {
            let level = tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| "castellan_lab=debug".into());
            tracing_subscriber::fmt().with_env_filter(level).with_ansi(false).init();
            // SAFETY: the number names the listener that `launch` left open for this process alone.
            let listener = unsafe { OwnedFd::from_raw_fd(listener) };
            keeper::run(home, Toolbox::at(toolbox), listener).await
        }
        Order::Contain(_) | Order::Broker => Ok(()),
    }
}

async fn up(home: &Home) -> Result<()> {
    let started = launch::up(home, &std::env::current_exe()?, &|line| eprintln!("lab: {line}")).await?;
    say!("The lab {:?} {}.", home.name(), if started { "is ready" } else { "runs already" });
    say!("\nkubeconfig  {}", home.kubeconfig().display());
    for context in Context::ALL {
        say!("  context   {:<16} {}", context.name(home.name()), purpose(context));
    }
    say!("\nTry:");
    for context in Context::ALL {
        say!(
            "  castellan --kubeconfig {} --context {}",
            home.kubeconfig().display(),
            context.name(home.name())
        );
    }
    let lab = match home.name() {
        "lab" => String::from("lab/lab"),
        name => format!("lab/lab --name {name}"),
    };
    let tool = "kafka-topics.sh --bootstrap-server kafka-bootstrap.kafka.svc:9092 --list";
    say!("\nInside, where Kafka can be reached:\n  {lab} enter {tool}");
    say!("Break something, and mend it:\n  {lab} fault --help\n  {lab} undo");
    say!("End it:\n  {lab} down");
    Ok(())
}

fn purpose(context: Context) -> &'static str {
    match context {
        Context::Admin => "may do everything",
        Context::Viewer => "may look, and reach pods and services",
        Context::Namespace => "may do everything in the namespace kafka, nothing outside",
        Context::NoEvict => "may do what an operator does, but not evict",
        Context::Expiring => "admin, with a token that `lab fault expire-token` expires",
    }
}

async fn status(name: &str) -> Result<()> {
    let status = Lab::attach(name).await?.status().await?;
    say!("API server  {}", status.server);
    say!(
        "ready       {}",
        if status.is_ready() { "yes".into() } else { format!("waiting for {}", status.waiting.join(", ")) }
    );
    for fault in &status.faults {
        say!("fault       {}", serde_json::to_string(fault)?);
    }
    for process in &status.processes {
        say!("process     {process}");
    }
    Ok(())
}

async fn enter(name: &str, command: &[String]) -> Result<()> {
    let (program, arguments) = command.split_first().context("no command")?;
    Err(Lab::attach(name).await?.enter_command(program).args(arguments).exec()).context("nsenter")
}

async fn client(home: &Home) -> Result<kube::Client> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let kubeconfig = Kubeconfig::read_from(home.kubeconfig())?;
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    Ok(kube::Client::try_from(config)?)
}
