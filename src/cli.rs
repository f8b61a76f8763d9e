//! The command line, and what it and the configuration together ask for.

use crate::{
    action::Policy,
    clock,
    config::{self, Config},
    demo::{scenario::Scenario, world::World},
    domain::{
        Text,
        target::{Security, Server},
        time::Time,
    },
    source,
};
use anyhow::{Context as _, Result, anyhow, bail};
use clap::{
    Args, Parser, Subcommand, ValueEnum,
    error::{ContextKind, ContextValue, ErrorKind},
};
use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

/// A terminal console for Kafka on Kubernetes: pods, brokers and throughput joined in live panes.
#[derive(Debug, Parser)]
#[command(name = "castellan", version, about, max_term_width = 100)]
pub struct Cli {
    /// The kubeconfig file [default: $KUBECONFIG, else ~/.kube/config, else the pod's own account]
    #[arg(long, value_name = "FILE", global = true)]
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig context [default: the current one]
    #[arg(long, value_name = "NAME", global = true)]
    pub context: Option<String>,
    /// Look at this namespace only
    #[arg(long, short, value_name = "NAME", conflicts_with = "all_namespaces", value_parser = namespace, global = true)]
    pub namespace: Option<String>,
    /// Look at all namespaces, whatever the configuration says
    #[arg(long, short = 'A', global = true)]
    pub all_namespaces: bool,
    /// Bootstrap servers, or the found Kafka cluster to join, as "namespace/name" [default: found among the pods]
    #[arg(long, value_name = "HOST:PORT,… | NAMESPACE/NAME", global = true)]
    pub kafka: Option<String>,
    /// The address of Prometheus [default: found among the services]
    #[arg(long, value_name = "URL", global = true)]
    pub prometheus: Option<String>,
    /// Seconds between two polls of Kafka
    #[arg(long, value_name = "SECONDS", value_parser = refresh, allow_negative_numbers = true, global = true)]
    pub refresh: Option<f64>,
    /// How it looks: auto, dark, light, high-contrast, colour-blind, ansi16, mono, or a theme of your own
    #[arg(long, value_name = "NAME", conflicts_with = "once", global = true)]
    pub theme: Option<String>,
    /// Draw with ASCII characters only
    #[arg(long, conflicts_with = "once", global = true)]
    pub ascii: bool,
    /// Never change anything: no client that could write is made
    #[arg(long, global = true)]
    pub read_only: bool,
    /// The configuration file
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// The pane to open first
    #[arg(long, value_name = "PANE", conflicts_with = "once", global = true)]
    pub pane: Option<String>,
    /// Print the state once and exit: 0 ok, 1 warning, 2 critical, 3 unknown
    #[arg(long, global = true)]
    pub once: bool,
    /// The form of --once
    #[arg(long, short, value_name = "FORM", requires = "once", value_enum, default_value_t, global = true)]
    pub output: Form,
    /// Seconds that --once waits for its sources
    #[arg(long, value_name = "SECONDS", requires = "once", default_value_t = 15.0, global = true)]
    #[arg(value_parser = timeout, allow_negative_numbers = true)]
    pub timeout: f64,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Form {
    #[default]
    Text,
    Markdown,
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// The configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// What castellan has done from here: each operation with its steps, the answers, and what undoes it
    Journal(JournalOptions),
    /// Look at what castellan stands on, say what was found, and what to do next
    Doctor,
    /// Print the completions for a shell
    Completions {
        /// bash, zsh, fish, elvish or powershell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// Show castellan on a simulated cluster of its own: nothing of yours is read or changed
    Demo(DemoOptions),
}

#[derive(Debug, Clone, Args)]
pub struct DemoOptions {
    /// What is going on there (--list names them)
    #[arg(long, value_name = "NAME", default_value = "healthy")]
    pub scenario: String,
    /// Let castellan show itself: an incident, from its alarm to its repair
    #[arg(long, conflicts_with_all = ["once", "scenario", "read_only"])]
    pub tour: bool,
    /// Serve the cluster without a console: for kubectl, kcat, or a castellan of another terminal
    #[arg(long, conflicts_with_all = ["once", "tour"])]
    pub serve: bool,
    /// List the scenarios
    #[arg(long)]
    pub list: bool,
    /// Of the simulation's chance: the same seed makes the same cluster
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
    /// How many times as fast as in life things happen
    #[arg(long, value_name = "TIMES", default_value_t = 1.0)]
    pub speed: f64,
    /// How large it is, against the scenario's own size
    #[arg(long, value_name = "TIMES", default_value_t = 1.0)]
    pub size: f64,
    /// When it opens, in UTC ("2026-03-01 14:05"): with the same seed the same world [default: now]
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub at: Option<Time>,
}

#[derive(Debug, Args)]
pub struct JournalOptions {
    /// Of this Kafka cluster only, as the header names it
    #[arg(long, value_name = "NAME")]
    pub cluster: Option<String>,
    /// What went on since then: an age (2h) or an instant (2026-03-01 14:05)
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Of this verb only
    #[arg(long, value_name = "VERB")]
    pub verb: Option<String>,
    /// What failed or was refused only
    #[arg(long)]
    pub failed: bool,
    /// One JSON object a line for each operation
    #[arg(long)]
    pub json: bool,
    /// The whole report of one operation, by its id or a part that no other has; "last": of the newest
    #[arg(long, value_name = "ID", conflicts_with_all = ["since", "verb", "failed", "json"])]
    pub report: Option<String>,
    /// The report as Markdown, for an incident's page
    #[arg(long, requires = "report")]
    pub markdown: bool,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the defaults, with comments
    Print,
}

/// What a session was asked for: the command line over the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The contexts that the configuration has sections of.
    pub sections: Vec<String>,
    pub kubeconfig: Option<PathBuf>,
    pub context: Option<String>,
    /// None: all namespaces.
    pub namespace: Option<Text>,
    pub bootstrap: Vec<Server>,
    /// The found Kafka cluster to join.
    pub cluster: Option<Text>,
    pub security: Security,
    pub prometheus: Option<String>,
    pub refresh: Duration,
    pub theme: String,
    pub ascii: bool,
    pub mouse: bool,
    pub pane: Option<String>,
    /// No client that could write is made.
    pub read_only: bool,
    /// Said in the header; every action asks for one confirmation more.
    pub production: bool,
    /// How long actions are possible in production after an elevation; None: they always are.
    pub elevation: Option<Duration>,
    pub policy: Policy,
    /// What the demo shows; None: the cluster is real.
    pub demo: Option<Text>,
    /// Other keys for commands, by the commands' names.
    pub keys: std::collections::BTreeMap<String, Vec<String>>,
}

impl Cli {
    /// Joins the command line with the configuration. `context` is the one that the session runs in, so
    /// that its own section holds even where it is only the kubeconfig's current one.
    pub fn settings(&self, context: Option<&str>) -> Result<Settings> {
        let config = config::read(self.config.as_deref(), context)?;
        let (bootstrap, cluster) = self.kafka(&config)?;
        let elevation = config.elevation()?.filter(|_| config.production);
        Ok(Settings {
            kubeconfig: self.kubeconfig.clone(),
            context: self.context.clone(),
            namespace: self.namespace(&config)?,
            bootstrap,
            cluster,
            security: config.kafka.security()?,
            prometheus: self.prometheus(&config)?,
            refresh: self.refresh(&config)?,
            theme: self.theme.clone().unwrap_or(config.theme),
            ascii: self.ascii || config.ascii,
            mouse: config.mouse,
            pane: self.pane()?,
            read_only: self.read_only || config.read_only,
            production: config.production,
            elevation,
            policy: Policy { headroom: config.safety.headroom()?, disk: config.safety.disk },
            demo: None,
            keys: config.keys,
            sections: config.contexts.into_keys().collect(),
        })
    }

    /// The world that the demo is to show, and what it shows in a sentence.
    ///
    /// # Errors
    /// Where there is no such scenario, or what was asked for has no meaning in a demo.
    pub fn world(&self, options: &DemoOptions, now: Time) -> Result<(String, World)> {
        let elsewhere = [
            ("--kubeconfig", self.kubeconfig.is_some()),
            ("--kafka", self.kafka.is_some()),
            ("--prometheus", self.prometheus.is_some()),
            ("--config", self.config.is_some()),
        ];
        if let Some((flag, _)) = elsewhere.iter().find(|(_, given)| *given) {
            bail!("the demo has a cluster of its own and reads nothing of yours: leave out {flag}");
        }
        if !(0.1..=100.0).contains(&options.speed) {
            bail!("--speed takes 0.1 to 100 times, not {}", options.speed);
        }
        if !(0.01..=10.0).contains(&options.size) {
            bail!("--size takes 0.01 to 10 times, not {}", options.size);
        }
        let name = &options.scenario;
        let Some(scenario) = Scenario::find(name) else {
            let names = || Scenario::all().iter().map(|s| s.name);
            let hint = crate::suggest::nearest(name, names()).map(|n| format!("; did you mean {n}?"));
            bail!(
                "there is no scenario \"{name}\"{} (there are {})",
                hint.unwrap_or_default(),
                names().collect::<Vec<_>>().join(", ")
            );
        };
        let mut world = scenario.world(options.seed, options.size, now)?;
        world.speed = options.speed;
        Ok((scenario.says()?, world))
    }

    fn namespace(&self, config: &Config) -> Result<Option<Text>> {
        if self.all_namespaces {
            return Ok(None);
        }
        if let Some(name) = &self.namespace {
            return Ok(Some(name.as_str().into()));
        }
        let name = &config.kubernetes.namespace;
        if name.is_empty() {
            return Ok(None);
        }
        let name =
            namespace(name).map_err(|why| anyhow!("kubernetes.namespace in the configuration: {why}"))?;
        Ok(Some(name.into()))
    }

    fn kafka(&self, config: &Config) -> Result<(Vec<Server>, Option<Text>)> {
        let servers =
            |list: &mut dyn Iterator<Item = &str>| list.map(config::server).collect::<Result<Vec<_>>>();
        match &self.kafka {
            Some(name) if name.contains('/') && !name.contains(':') => {
                Ok((Vec::new(), Some(name.as_str().into())))
            }
            Some(list) => Ok((servers(&mut list.split(',')).context("--kafka")?, None)),
            None => {
                let bootstrap = servers(&mut config.kafka.bootstrap.iter().map(String::as_str));
                let cluster = &config.kafka.cluster;
                Ok((
                    bootstrap.context("kafka.bootstrap in the configuration")?,
                    (!cluster.is_empty()).then(|| cluster.as_str().into()),
                ))
            }
        }
    }

    fn prometheus(&self, config: &Config) -> Result<Option<String>> {
        let url = self.prometheus.clone().unwrap_or_else(|| config.prometheus.url.clone());
        if url.is_empty() {
            return Ok(None);
        }
        if !url.starts_with("http://") && !url.starts_with("https://") {
            bail!("the address of Prometheus must start with http:// or https://, not \"{url}\"");
        }
        Ok(Some(url.trim_end_matches('/').to_string()))
    }

    fn refresh(&self, config: &Config) -> Result<Duration> {
        let seconds = match self.refresh {
            Some(seconds) => seconds,
            None => refresh(&config.refresh.to_string())
                .map_err(|why| anyhow!("refresh in the configuration: {why}"))?,
        };
        Ok(Duration::from_secs_f64(seconds))
    }

    fn pane(&self) -> Result<Option<String>> {
        let Some(name) = &self.pane else { return Ok(None) };
        if crate::pane::find(name).is_some() {
            return Ok(Some(name.clone()));
        }
        let names = crate::pane::PANES.iter().map(|p| p.name);
        let hint = crate::suggest::nearest(name, names.clone()).map(|n| format!("; did you mean {n}?"));
        bail!(
            "there is no pane \"{name}\"{} (there are {})",
            hint.unwrap_or_default(),
            names.collect::<Vec<_>>().join(", ")
        )
    }
}

/// A name that Kubernetes would take for a namespace.
///
/// Source: RFC 1123's label, as apimachinery `validation.IsDNS1123Label` has it.
fn namespace(name: &str) -> Result<String, String> {
    let of_label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let edges = !name.starts_with('-') && !name.ends_with('-');
    if (1..=63).contains(&name.len()) && edges && name.chars().all(of_label) {
        return Ok(name.into());
    }
    Err("a namespace's name has at most 63 lower-case letters, digits and dashes, and no dash at its ends"
        .into())
}

fn instant(text: &str) -> Result<Time, String> {
    clock::read(text, source::now()).ok_or_else(|| "an instant is like \"2026-03-01 14:05\", in UTC".into())
}

fn refresh(text: &str) -> Result<f64, String> {
    seconds(text, 0.5..=3600.0)
}

fn timeout(text: &str) -> Result<f64, String> {
    seconds(text, 1.0..=3600.0)
}

fn seconds(text: &str, range: RangeInclusive<f64>) -> Result<f64, String> {
    let read = text.parse().ok().filter(|seconds| range.contains(seconds));
    read.ok_or_else(|| format!("it takes {} to {} seconds", range.start(), range.end()))
}

/// What is wrong with a command line, in one sentence; None: help or the version was asked for.
pub fn mistake(error: &clap::Error) -> Option<String> {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return None;
    }
    let rendered = error.render().to_string();
    let lines = rendered.lines().take_while(|line| !line.trim().is_empty());
    let said = lines.map(str::trim).collect::<Vec<_>>().join(" ");
    let said = said.strip_prefix("error: ").unwrap_or(&said);
    let nearest = [ContextKind::SuggestedArg, ContextKind::SuggestedValue, ContextKind::SuggestedSubcommand]
        .into_iter()
        .find_map(|kind| match error.get(kind)? {
            ContextValue::String(word) => Some(word),
            ContextValue::Strings(words) => words.first(),
            _ => None,
        });
    Some(match nearest {
        Some(word) => format!("{said}; did you mean {word}?"),
        None => format!("{said}; castellan --help tells what there is"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A command line without the machine's own configuration.
    fn settings(args: &[&str]) -> Result<Settings> {
        let empty = tempfile::NamedTempFile::new()?;
        let mut all = vec!["castellan", "--config", empty.path().to_str().context("path")?];
        all.extend(args);
        Cli::try_parse_from(all)?.settings(None)
    }

    #[test]
    fn kafka_takes_servers_or_the_name_of_a_found_cluster() {
        let servers = settings(&["--kafka", "a:1,b"]).unwrap().bootstrap;
        assert_eq!(servers, [("a".into(), 1), ("b".into(), 9092)]);
        assert_eq!(settings(&["--kafka", "kafka/main"]).unwrap().cluster, Some("kafka/main".into()));
        let said = format!("{:#}", settings(&["--kafka", "a:x"]).unwrap_err());
        assert!(said.starts_with("--kafka: \"a:x\" is not host:port"), "{said}");
    }

    #[test]
    fn the_command_line_and_the_configuration_can_each_forbid_writing() {
        assert!(!settings(&[]).unwrap().read_only);
        assert!(settings(&["--read-only"]).unwrap().read_only);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "read_only = true\nproduction = true\nelevation = \"5m\"\n").unwrap();
        let args = ["castellan", "--config", file.path().to_str().unwrap()];
        let settings = Cli::try_parse_from(args).unwrap().settings(None).unwrap();
        assert!(settings.read_only && settings.production);
        assert_eq!(settings.elevation, Some(Duration::from_secs(300)));
        assert_eq!(settings.policy, Policy::default());
    }

    #[test]
    fn wrong_values_get_a_sentence() {
        let said = |args: &[&str]| format!("{:#}", settings(args).unwrap_err());
        assert!(said(&["--prometheus", "prom:9090"]).contains("must start with http://"));
        assert!(said(&["--refresh", "0"]).contains("0.5 to 3600"));
        assert!(said(&["--pane", "pds"]).contains("did you mean pods?"));
        assert!(said(&["-n", "a", "-A"]).contains("cannot be used with"));
    }

    #[test]
    fn a_mistake_is_one_sentence_with_what_was_meant() {
        let said = |args: &[&str]| {
            let all = ["castellan"].iter().chain(args);
            let error = Cli::try_parse_from(all).expect_err("a mistake");
            (mistake(&error), error.exit_code())
        };
        for (args, words) in [
            (&["--frobnicate"][..], "unexpected argument '--frobnicate' found; castellan --help tells"),
            (&["--refersh", "3"], "unexpected argument '--refersh' found; did you mean --refresh?"),
            (&["jurnal"], "unrecognized subcommand 'jurnal'; did you mean journal?"),
            (&["--once", "-o", "jsn"], "did you mean json?"),
            (&["--output", "json"], "were not provided: --once; castellan --help tells"),
            (&["--once", "--theme", "dark"], "'--once' cannot be used with"),
            (&["--once", "--pane", "pods"], "'--once' cannot be used with"),
            (&["--once", "--timeout", "0"], "'--timeout <SECONDS>': it takes 1 to 3600 seconds"),
            (&["--once", "--timeout", "-3"], "it takes 1 to 3600 seconds"),
            (&["--refresh", "1e300"], "'--refresh <SECONDS>': it takes 0.5 to 3600 seconds"),
            (&["--refresh", "NaN"], "it takes 0.5 to 3600 seconds"),
            (&["-n", "Foo Bar"], "invalid value 'Foo Bar' for '--namespace <NAME>': a namespace's name has"),
            (&["-n", "kafka-"], "no dash at its ends"),
        ] {
            let (Some(sentence), 2) = said(args) else { panic!("{args:?}: {:?}", said(args)) };
            assert!(sentence.contains(words) && !sentence.contains('\n'), "{sentence}");
        }
        assert_eq!(said(&["--help"]), (None, 0));
        assert_eq!(said(&["--version"]), (None, 0));
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
