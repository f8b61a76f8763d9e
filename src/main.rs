//! castellan: a terminal console for Kafka on Kubernetes.

use anyhow::{Context as _, Result, anyhow};
use castellan::{
    cli::{self, Cli, Command, ConfigCommand, DemoOptions},
    config,
    demo::{Demo, scenario::Scenario, tour},
    doctor, headless, journal, log, perform, run,
    source::{clock, kubernetes, now},
    terminal,
};
use clap::{CommandFactory as _, Parser as _};
use futures::StreamExt as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook_tokio::Signals;
use std::{io::Write, process::ExitCode, time::Duration};

/// How long the doctor waits for the servers.
const DOCTOR: Duration = Duration::from_secs(15);

/// A demo that takes longer to begin says so.
const PATIENCE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let failed = failed(cli.once);
    let result = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Into::into)
        .and_then(|runtime| {
            let code = runtime.block_on(start(cli));
            // A question to a server that hangs must not hold up the end.
            runtime.shutdown_background();
            code
        });
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // Where nobody can be told, the code still tells.
            drop(writeln!(std::io::stderr(), "castellan: {error:#}"));
            failed
        }
    }
}

/// What was typed is no command line of castellan's, or asks for help only.
fn refuse(error: &clap::Error) -> ExitCode {
    let written = match cli::mistake(error) {
        Some(said) => writeln!(std::io::stderr(), "castellan: {said}"),
        None => error.print(),
    };
    // Nobody reads it any more: only the exit code is left to tell.
    drop(written);
    match u8::try_from(error.exit_code()) {
        Ok(0) => ExitCode::SUCCESS,
        _ if std::env::args().any(|argument| argument == "--once") => failed(true),
        Ok(code) => ExitCode::from(code),
        Err(_) => ExitCode::FAILURE,
    }
}

/// Of a `--once` the codes speak of the state: one that could tell nothing ends with 3, unknown.
fn failed(once: bool) -> ExitCode {
    if once { ExitCode::from(3) } else { ExitCode::FAILURE }
}

async fn start(cli: Cli) -> Result<u8> {
    if let Some(text) = printed(&cli)? {
        std::io::stdout().write_all(&text)?;
        return Ok(0);
    }
    let demo = match &cli.command {
        Some(Command::Demo(options)) => match demo(&cli, options).await? {
            Some(demo) => Some(demo),
            None => return Ok(0),
        },
        _ => None,
    };
    let demo = match (&cli.command, demo) {
        (Some(Command::Demo(DemoOptions { serve: true, .. })), Some(demo)) => return serve(demo).await,
        (_, demo) => demo,
    };
    let notice = config::state_folder().map_err(|e| e.to_string()).and_then(|f| log::start(&f)).err();
    let options = kubernetes::Options {
        kubeconfig: demo.as_ref().map(Demo::kubeconfig).or(cli.kubeconfig.clone()),
        context: cli.context.as_deref().map(Into::into),
        namespace: cli.namespace.as_deref().map(Into::into),
    };
    let connected = kubernetes::connect(&options).await;
    let mut settings = cli.settings(connected.as_ref().ok().map(|c| &*c.context))?;
    if let Some(Command::Doctor) = cli.command {
        let (text, code) = doctor::visit(settings, connected, DOCTOR).await?;
        std::io::stdout().write_all(text.as_bytes())?;
        return Ok(code);
    }
    let tour = match (&cli.command, &demo) {
        (Some(Command::Demo(options)), Some(demo)) if options.tour => {
            Some((tour::stages()?, demo.shared.clone()))
        }
        _ => None,
    };
    if let Some(demo) = &demo {
        settings.demo = Some(demo.about.clone());
        settings.cluster.clone_from(&demo.cluster);
    }
    let (connection, notice) = match connected {
        Ok(connection) => (Some(connection), notice),
        // Kafka alone is worth showing where its servers were given.
        Err(reason) if !settings.bootstrap.is_empty() => {
            (None, Some(format!("without Kubernetes: {reason}")))
        }
        Err(reason) => return Err(anyhow!("{reason}")),
    };
    let contexts: Vec<&str> = connection.iter().flat_map(|c| &c.contexts).map(|c| &*c.name).collect();
    let notice = notice.or(config::misspelt(&settings.sections, &contexts));
    if cli.once {
        if let Some(notice) = notice {
            writeln!(std::io::stderr(), "castellan: {notice}")?;
        }
        let limit = Duration::from_secs_f64(cli.timeout);
        let (text, code) = headless::print(settings, connection, cli.output, limit).await?;
        std::io::stdout().write_all(text.as_bytes())?;
        return Ok(code);
    }
    terminal::restore_on_panic();
    run::run(settings, connection, notice, tour).await
}

/// What the commands print that ask no server.
fn printed(cli: &Cli) -> Result<Option<Vec<u8>>> {
    let mut text = Vec::new();
    match &cli.command {
        Some(Command::Config { command: ConfigCommand::Print }) => text.extend(config::TEMPLATE.as_bytes()),
        Some(Command::Journal(options)) => {
            let folder = perform::journals().map_err(|e| anyhow!("{e}"))?;
            text.extend(journal::report(&folder, options, cli.context.as_deref(), now())?.as_bytes());
        }
        Some(Command::Completions { shell }) => {
            clap_complete::generate(*shell, &mut Cli::command(), "castellan", &mut text);
        }
        Some(Command::Man) => clap_mangen::Man::new(Cli::command()).render(&mut text)?,
        _ => return Ok(None),
    }
    Ok(Some(text))
}

/// Serves the demo until it is told to end.
async fn serve(mut demo: Demo) -> Result<u8> {
    demo.open().await.context("the demo's brokers cannot be served")?;
    let mut ends = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let mut out = std::io::stdout();
    out.write_all(demo.addresses().as_bytes())?;
    out.flush()?;
    ends.next().await;
    Ok(0)
}

/// Starts the demo that was asked for; None: its scenarios were to be listed, and are.
async fn demo(cli: &Cli, options: &DemoOptions) -> Result<Option<Demo>> {
    if options.list {
        let width = Scenario::all().iter().map(|s| s.name.len()).max().unwrap_or(0);
        for scenario in Scenario::all() {
            writeln!(std::io::stdout(), "{:width$}  {}", scenario.name, scenario.says()?)?;
        }
        return Ok(None);
    }
    if let Some(at) = options.at {
        clock::set(at);
    }
    let waiting = tokio::spawn(async {
        tokio::time::sleep(PATIENCE).await;
        // Nobody reads it where it cannot be written.
        let _ =
            writeln!(std::io::stderr(), "castellan: the demo's cluster is being made, and will be here soon");
    });
    let made = cli.world(options, now());
    waiting.abort();
    let (says, world) = made?;
    let demo = Demo::start(says, world).await.context("the demo cannot start")?;
    config::keep_all_in(demo.folder());
    Ok(Some(demo))
}
