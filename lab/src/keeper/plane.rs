//! The control plane: etcd, the API server, the controllers, the scheduler and kwok.

use super::network::ROUTER;
use crate::home::Home;
use crate::toolbox::Toolbox;
use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal};
use std::fs::File;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio::sync::watch;

/// The URL of the API server inside.
pub(crate) fn server() -> String {
    format!("https://{ROUTER}:6443")
}

const ETCD: &str = "http://127.0.0.1:2379";

/// The components, each supervised.
#[derive(Debug)]
pub(crate) struct Plane {
    pub(crate) etcd: Component,
    pub(crate) api: Component,
    pub(crate) others: Vec<Component>,
}

impl Plane {
    /// Starts etcd and the API server, and waits until it is ready.
    pub(crate) async fn start(home: &Home, tools: &Toolbox) -> Result<Self> {
        let etcd = Component::start(home, tools, "etcd", etcd_flags(home))?;
        let api = Component::start(home, tools, "kube-apiserver", api_flags(home))?;
        Ok(Self { etcd, api, others: Vec::new() })
    }

    /// Starts what works on the API server's objects.
    pub(crate) fn start_controllers(&mut self, home: &Home, tools: &Toolbox) -> Result<()> {
        for (name, flags) in [
            ("kube-controller-manager", controller_flags(home)),
            ("kube-scheduler", scheduler_flags(home)),
            ("kwok", kwok_flags(home)),
        ] {
            self.others.push(Component::start(home, tools, name, flags)?);
        }
        Ok(())
    }

    /// Every component.
    pub(crate) fn components(&self) -> impl Iterator<Item = &Component> {
        [&self.etcd, &self.api].into_iter().chain(&self.others)
    }
}

fn etcd_flags(home: &Home) -> Vec<String> {
    vec![
        format!("--data-dir={}", home.root().join("etcd").display()),
        format!("--listen-client-urls={ETCD}"),
        format!("--advertise-client-urls={ETCD}"),
        "--listen-peer-urls=http://127.0.0.1:0".into(),
        // A lab starts anew each time: nothing needs to survive a crash.
        "--unsafe-no-fsync".into(),
        "--log-level=warn".into(),
    ]
}

fn api_flags(home: &Home) -> Vec<String> {
    let secret = |name: &str| home.secrets().join(name).display().to_string();
    vec![
        format!("--etcd-servers={ETCD}"),
        format!("--bind-address={ROUTER}"),
        format!("--advertise-address={ROUTER}"),
        "--secure-port=6443".into(),
        format!("--tls-cert-file={}", secret("server.pem")),
        format!("--tls-private-key-file={}", secret("server.key")),
        format!("--token-auth-file={}", secret("tokens.csv")),
        "--authorization-mode=RBAC".into(),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        format!("--service-account-key-file={}", secret("accounts.pub")),
        format!("--service-account-signing-key-file={}", secret("accounts.key")),
        "--service-cluster-ip-range=10.96.0.0/16".into(),
        "--allow-privileged=true".into(),
        "--disable-admission-plugins=ServiceAccount".into(),
        "--endpoint-reconciler-type=none".into(),
        "--kubelet-preferred-address-types=InternalIP".into(),
        "--enable-priority-and-fairness=true".into(),
        "--profiling=false".into(),
        // As in every release before 1.35: who may only look can still look through a forwarded port.
        "--feature-gates=AuthorizePodWebsocketUpgradeCreatePermission=false".into(),
        format!("--audit-policy-file={}", home.root().join("audit.yaml").display()),
        format!("--audit-log-path={}", home.audit().display()),
    ]
}

fn controller_flags(home: &Home) -> Vec<String> {
    vec![
        kubeconfig_flag(home),
        "--leader-elect=false".into(),
        "--bind-address=127.0.0.1".into(),
        format!("--service-account-private-key-file={}", home.secrets().join("accounts.key").display()),
        "--node-monitor-period=2s".into(),
        "--node-monitor-grace-period=20s".into(),
    ]
}

fn scheduler_flags(home: &Home) -> Vec<String> {
    vec![kubeconfig_flag(home), "--leader-elect=false".into(), "--bind-address=127.0.0.1".into()]
}

fn kwok_flags(home: &Home) -> Vec<String> {
    let secret = |name: &str| home.secrets().join(name).display().to_string();
    vec![
        kubeconfig_flag(home),
        format!("--config={}", home.root().join("stages.yaml").display()),
        "--manage-nodes-with-label-selector=castellan-lab/kubelet=running".into(),
        "--cidr=10.45.0.0/16".into(),
        format!("--node-ip={ROUTER}"),
        "--node-port=10250".into(),
        "--server-address=0.0.0.0:10250".into(),
        format!("--tls-cert-file={}", secret("server.pem")),
        format!("--tls-private-key-file={}", secret("server.key")),
        "--node-lease-duration-seconds=40".into(),
        "--enable-crds=Logs,PortForward".into(),
    ]
}

fn kubeconfig_flag(home: &Home) -> String {
    format!("--kubeconfig={}", home.root().join("components").display())
}

/// One supervised process: started again a second after it ended, unless it is to be down.
#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) name: &'static str,
    wanted: watch::Sender<bool>,
    pid: watch::Receiver<Option<Pid>>,
}

impl Component {
    fn start(home: &Home, tools: &Toolbox, name: &'static str, flags: Vec<String>) -> Result<Self> {
        let log = File::create(home.logs().join(format!("{name}.log")))?;
        let program = tools.program(name);
        let (wanted, wants) = watch::channel(true);
        let (pids, pid) = watch::channel(None);
        tokio::spawn(async move {
            let command = || -> Result<Command> {
                let mut command = Command::new(&program);
                command.args(&flags).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log.try_clone()?);
                Ok(command)
            };
            if let Err(error) = supervise(name, command, wants, pids).await {
                tracing::error!("{name}: {error:#}");
            }
        });
        Ok(Self { name, wanted, pid })
    }

    /// Its pid while it runs.
    pub(crate) fn pid(&self) -> Option<Pid> {
        *self.pid.borrow()
    }

    /// Kills it, and returns when it is gone.
    pub(crate) async fn down(&self) -> Result<()> {
        self.wanted.send_replace(false);
        self.pid.clone().wait_for(Option::is_none).await?;
        Ok(())
    }

    /// Starts it again, and returns when it runs.
    pub(crate) async fn up(&self) -> Result<()> {
        self.wanted.send_replace(true);
        self.pid.clone().wait_for(Option::is_some).await?;
        Ok(())
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        let Some(pid) = self.pid() else { bail!("{} does not run", self.name) };
        rustix::process::kill_process(pid, signal).context(self.name)
    }
}

async fn supervise(
    name: &str,
    command: impl Fn() -> Result<Command>,
    mut wanted: watch::Receiver<bool>,
    pids: watch::Sender<Option<Pid>>,
) -> Result<()> {
    loop {
        drop(wanted.wait_for(|wanted| *wanted).await?);
        let mut child = command()?.spawn()?;
        let id = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        pids.send_replace(id);
        tokio::select! {
            exit = child.wait() => {
                tracing::warn!("{name} ended: {exit:?}");
                pids.send_replace(None);
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            () = unwanted(&mut wanted) => {
                child.kill().await?;
                pids.send_replace(None);
            }
        }
    }
}

async fn unwanted(wanted: &mut watch::Receiver<bool>) {
    let _ = wanted.wait_for(|wanted| !wanted).await;
}
