//! The programs that a lab runs, built once and kept in the cache by version.

use crate::{golang, home};
use anyhow::{Context as _, Result, ensure};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The version of Kubernetes that go.mod pins.
const KUBERNETES: &str = "1.35.4";

const GO_MOD: &str = include_str!("../go/go.mod");
const GO_SOURCES: [(&str, &str); 4] = [
    ("go.mod", GO_MOD),
    ("go.sum", include_str!("../go/go.sum")),
    ("commands.go", include_str!("../go/commands.go")),
    ("etcd/main.go", include_str!("../go/etcd/main.go")),
];
const POM: &str = include_str!("../java/pom.xml");

/// The Go packages to build; the small ones first, so that a mistake shows early.
const PACKAGES: [&str; 6] = [
    "./etcd",
    "sigs.k8s.io/kwok/cmd/kwok",
    "k8s.io/kubernetes/cmd/kubectl",
    "k8s.io/kubernetes/cmd/kube-scheduler",
    "k8s.io/kubernetes/cmd/kube-controller-manager",
    "k8s.io/kubernetes/cmd/kube-apiserver",
];

/// Kafka's own command line tools, offered under the names that its documentation uses.
const KAFKA_TOOLS: [(&str, &str); 14] = [
    ("kafka-acls.sh", "kafka.admin.AclCommand"),
    ("kafka-broker-api-versions.sh", "org.apache.kafka.tools.BrokerApiVersionsCommand"),
    ("kafka-cluster.sh", "org.apache.kafka.tools.ClusterTool"),
    ("kafka-configs.sh", "kafka.admin.ConfigCommand"),
    ("kafka-console-consumer.sh", "org.apache.kafka.tools.consumer.ConsoleConsumer"),
    ("kafka-consumer-groups.sh", "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"),
    ("kafka-get-offsets.sh", "org.apache.kafka.tools.GetOffsetShell"),
    ("kafka-leader-election.sh", "org.apache.kafka.tools.LeaderElectionCommand"),
    ("kafka-log-dirs.sh", "org.apache.kafka.tools.LogDirsCommand"),
    ("kafka-metadata-quorum.sh", "org.apache.kafka.tools.MetadataQuorumCommand"),
    ("kafka-producer-perf-test.sh", "org.apache.kafka.tools.ProducerPerformance"),
    ("kafka-reassign-partitions.sh", "org.apache.kafka.tools.reassign.ReassignPartitionsCommand"),
    ("kafka-topics.sh", "org.apache.kafka.tools.TopicCommand"),
    ("kafka-verifiable-producer.sh", "org.apache.kafka.tools.VerifiableProducer"),
];

/// Programs built from the pinned sources, by their content's version.
#[derive(Debug, Clone)]
pub struct Toolbox {
    root: PathBuf,
}

impl Toolbox {
    /// Finds the toolbox of this version, and builds first what it lacks.
    pub fn prepare(say: impl Fn(&str)) -> Result<Self> {
        let root = home::cache()?.join(version());
        std::fs::create_dir_all(root.join("bin"))?;
        let lock = std::fs::File::create(root.join("lock"))?;
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive)?;
        let toolbox = Self { root };
        let missing: Vec<_> = PACKAGES.iter().filter(|p| !toolbox.program(name_of(p)).exists()).collect();
        if !missing.is_empty() {
            toolbox.write_go_sources()?;
            for package in missing {
                say(&format!("building {}", name_of(package)));
                toolbox.go_build(package)?;
            }
        }
        if !toolbox.jars().exists() {
            say("fetching Kafka's jars");
            toolbox.copy_jars()?;
        }
        toolbox.write_kafka_tools()?;
        for needed in ["prometheus", "ip", "tc", "unshare", "nsenter", "setsid", "java"] {
            ensure!(on_path(needed), "{needed} is missing: run lab/install");
        }
        Ok(toolbox)
    }

    /// The path of a built program.
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin().join(name)
    }

    /// The folder to put on PATH.
    pub fn bin(&self) -> PathBuf {
        self.root.join("bin")
    }

    /// The folder of Kafka's jars.
    pub fn jars(&self) -> PathBuf {
        self.root.join("jars")
    }

    /// The toolbox in this folder, built by [`prepare`](Self::prepare) before.
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder of this toolbox.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn write_go_sources(&self) -> Result<()> {
        for (path, text) in GO_SOURCES {
            let path = self.root.join("go").join(path);
            std::fs::create_dir_all(path.parent().context("no parent")?)?;
            std::fs::write(path, text)?;
        }
        Ok(())
    }

    /// Builds into a temporary name, so that an interrupted build leaves nothing half done.
    fn go_build(&self, package: &str) -> Result<()> {
        let target = self.program(name_of(package));
        let partial = target.with_extension("partial");
        let mut command = golang::command(GO_MOD)?;
        command
            .current_dir(self.root.join("go"))
            .args(["build", "-trimpath", "-ldflags", &ldflags(), "-o"])
            .arg(&partial)
            .arg(package);
        run(command, "go build")?;
        Ok(std::fs::rename(partial, target)?)
    }

    fn copy_jars(&self) -> Result<()> {
        let pom = self.root.join("pom.xml");
        std::fs::write(&pom, POM)?;
        let partial = self.root.join("jars.partial");
        let mut command = Command::new("mvn");
        command
            .args(["--quiet", "--batch-mode", "dependency:copy-dependencies", "--file"])
            .arg(pom)
            .arg(format!("-DoutputDirectory={}", partial.display()));
        run(command, "mvn dependency:copy-dependencies")?;
        Ok(std::fs::rename(partial, self.jars())?)
    }

    fn write_kafka_tools(&self) -> Result<()> {
        for (name, class) in KAFKA_TOOLS {
            let path = self.program(name);
            let text = format!(
                "#!/bin/sh\nexec java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp '{}/*' {class} \"$@\"\n",
                self.jars().display()
            );
            std::fs::write(&path, text)?;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
    }
}

fn ldflags() -> String {
    let variable = "k8s.io/component-base/version";
    let mut parts = KUBERNETES.split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!(
        "-s -w -X {variable}.gitVersion=v{KUBERNETES} -X {variable}.gitMajor={major} -X {variable}.gitMinor={minor}"
    )
}

fn name_of(package: &str) -> &str {
    package.rsplit('/').next().unwrap_or(package)
}

/// A name that changes with whatever the builds read.
fn version() -> String {
    let mut hasher = DefaultHasher::new();
    (GO_SOURCES, POM, KUBERNETES).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).exists())
}

fn run(mut command: Command, what: &str) -> Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{what}: is it installed? lab/install does it"))?;
    ensure!(
        output.status.success(),
        "{what} failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
