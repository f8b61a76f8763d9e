//! The life of one pod: what the kubelet of its node does with it.

use super::backoff::Backoff;
use super::container::{self, Container, Spec};
use super::events::Events;
use super::kubelet::Kubelet;
use super::network::Sandbox;
use super::nodes::Node;
use super::probe::Prober;
use super::status::{Ended, Facts, PodStatus, State};
use super::{volumes, writer};
use anyhow::{Context as _, Result};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container as ContainerSpec, Pod};
use kube::ResourceExt as _;
use rustix::process::{Pid, Signal};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};

/// Between two tries of what the API server did not take.
const AGAIN: Duration = Duration::from_millis(500);

/// What the API server wants of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Run,
    /// Ended within this many seconds.
    End(u64),
    /// It was removed without asking the node.
    Gone,
}

/// A pod that a node of the lab runs.
#[derive(Debug)]
pub(crate) struct LabPod {
    pub(crate) pod: Pod,
    pub(crate) node: &'static Node,
    pub(crate) wish: watch::Sender<Wish>,
    /// Its network, once it has one.
    pub(crate) sandbox: Mutex<Option<Sandbox>>,
    /// Its process, while it runs.
    pub(crate) process: watch::Sender<Option<Pid>>,
    /// Whether it is ready.
    pub(crate) ready: watch::Sender<bool>,
    /// Somebody else wrote that it is not ready while it is: its status is to be written again.
    pub(crate) contradicted: Notify,
}

impl LabPod {
    pub(crate) fn key(&self) -> (String, String) {
        (self.pod.namespace().unwrap_or_default(), self.pod.name_any())
    }

    pub(crate) fn sandbox(&self) -> Option<Sandbox> {
        self.sandbox.lock().ok()?.clone()
    }

    /// Signals its process group, if it has one.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(pid) = *self.process.borrow() {
            let _ = rustix::process::kill_process_group(pid, signal);
        }
    }
}

/// Runs a pod from its being bound until it is removed.
pub(crate) async fn live(kubelet: Arc<Kubelet>, pod: Arc<LabPod>) {
    let (namespace, name) = pod.key();
    let mut life = match Life::begin(&kubelet, &pod).await {
        Ok(life) => life,
        Err(error) => return tracing::error!("{namespace}/{name}: {error:#}"),
    };
    if let Err(error) = life.run().await {
        tracing::error!("{namespace}/{name}: {error:#}");
    }
    life.power().await;
    if let Err(error) = life.end().await {
        tracing::error!("{namespace}/{name} does not end: {error:#}");
    }
}

struct Life<'a> {
    kubelet: &'a Kubelet,
    pod: &'a LabPod,
    container: &'a ContainerSpec,
    status: PodStatus,
    reports: watch::Sender<PodStatus>,
    events: Events,
    wish: watch::Receiver<Wish>,
    attempt: u32,
}

/// How a running container came to its end.
enum Outcome {
    Ended(Ended),
    /// The pod is to end.
    Wished,
}

impl<'a> Life<'a> {
    async fn begin(kubelet: &'a Arc<Kubelet>, pod: &'a Arc<LabPod>) -> Result<Self> {
        let spec = pod.pod.spec.as_ref().context("no spec")?;
        let container = spec.containers.first().context("no container")?;
        let now = Timestamp::now();
        let facts = Facts {
            uid: pod.pod.uid().unwrap_or_default(),
            container: container.name.clone(),
            image: container.image.clone().unwrap_or_default(),
            host: pod.node.address(),
            scheduled: scheduled_at(&pod.pod).unwrap_or(now),
            start: now,
        };
        let status = PodStatus::new(now);
        let reports = writer::start(kubelet.clone(), pod.clone(), facts, status.clone());
        let events = Events::of(pod, kubelet.client.clone());
        let wish = pod.wish.subscribe();
        Ok(Self { kubelet, pod, container, status, reports, events, wish, attempt: 0 })
    }

    /// Starts the container again and again, until the pod is to end or its work is done.
    async fn run(&mut self) -> Result<()> {
        let Some(spec) = self.prepare().await? else { return Ok(()) };
        let mut backoff = Backoff::default();
        loop {
            self.power().await;
            let started = Instant::now();
            let ended = match self.run_once(&spec).await? {
                Outcome::Ended(ended) => ended,
                Outcome::Wished => return Ok(()),
            };
            self.status.set_ready(false, ended.finished);
            if ended.code == 0 && self.ends_when_done() {
                self.status.phase = "Succeeded";
                self.status.state = State::Ended(ended);
                self.report();
                self.wished().await;
                return Ok(());
            }
            self.status.last = Some(ended.clone());
            self.attempt += 1;
            let wait = backoff.after(started.elapsed());
            self.status.state = if wait.is_zero() { State::Ended(ended) } else { self.backing_off(wait) };
            self.report();
            if let State::Waiting(_, note) = &self.status.state {
                self.events.warning("BackOff", note.clone());
            }
            tokio::select! {
                () = sleep(wait) => {}
                () = self.wished() => return Ok(()),
            }
            self.status.restarts = self.attempt;
        }
    }

    /// Waits for the pod's volumes and gives it its network. None if it is to end before.
    async fn prepare(&mut self) -> Result<Option<Spec>> {
        self.power().await;
        self.report();
        let mounts = tokio::select! {
            mounts = volumes::mount_all(&self.kubelet.client, &self.pod.pod, self.container) => mounts?,
            () = self.wished() => return Ok(None),
        };
        let sandbox = self.kubelet.network.attach(self.pod.node.number).await?;
        if let Ok(mut place) = self.pod.sandbox.lock() {
            *place = Some(sandbox.clone());
        }
        self.status.ip = Some(sandbox.ip.clone());
        self.kubelet.names.publish().await;
        let logs = self.kubelet.logs_of(self.pod);
        // As a kubelet does, it outlives an API server that is away.
        while let Err(error) = self.kubelet.offer(self.pod, self.container, &sandbox, &logs).await {
            tracing::debug!("{:?} is not offered: {error:#}", self.pod.key());
            tokio::select! {
                () = sleep(AGAIN) => {}
                () = self.wished() => return Ok(None),
            }
        }
        let env = self.kubelet.environment(self.pod, self.container, &sandbox);
        let argv = [self.container.command.clone(), self.container.args.clone()];
        Ok(Some(Spec {
            argv: argv.into_iter().flatten().flatten().collect(),
            env,
            mounts,
            sandbox,
            program: self.kubelet.program(),
            host: self.pod.key().1,
            logs,
        }))
    }

    async fn run_once(&mut self, spec: &Spec) -> Result<Outcome> {
        let (namespace, name) = self.pod.key();
        if self.kubelet.is_held(&namespace, &name) {
            return Ok(Outcome::Ended(container::stillborn(spec, self.attempt, 137, Some(9))?));
        }
        let mut running = match Container::start(spec, self.attempt) {
            Ok(running) => running,
            Err(error) => {
                self.events.warning("Failed", format!("{error:#}"));
                return Ok(Outcome::Ended(container::stillborn(spec, self.attempt, 128, None)?));
            }
        };
        self.pod.process.send_replace(Some(running.pid));
        self.status.phase = "Running";
        self.status.state = State::Running(Timestamp::now());
        self.status.set_ready(self.container.readiness_probe.is_none(), Timestamp::now());
        self.report();
        self.events.normal("Started", format!("Started container {}", self.container.name));
        let outcome = self.watch(&mut running, &spec.sandbox).await;
        self.pod.process.send_replace(None);
        outcome
    }

    /// Probes the running container until it ends or the pod is to end.
    async fn watch(&mut self, running: &mut Container, sandbox: &Sandbox) -> Result<Outcome> {
        let mut prober = Prober::new(self.container.readiness_probe.as_ref(), &sandbox.ip);
        let wish = self.wish.clone();
        loop {
            tokio::select! {
                ended = running.wait() => return Ok(Outcome::Ended(ended?)),
                ready = prober.next() => {
                    if self.status.set_ready(ready, Timestamp::now()) {
                        if !ready {
                            self.events.warning("Unhealthy", "Readiness probe failed".into());
                        }
                        self.report();
                    }
                }
                () = wished(wish.clone()) => {
                    self.terminate(running).await?;
                    return Ok(Outcome::Wished);
                }
            }
        }
    }

    /// SIGTERM, and after the grace period SIGKILL.
    async fn terminate(&mut self, running: &mut Container) -> Result<()> {
        self.power().await;
        self.events.normal("Killing", format!("Stopping container {}", self.container.name));
        let wish = *self.wish.borrow();
        if let Wish::End(grace) = wish {
            running.signal(Signal::TERM);
            tokio::select! {
                ended = running.wait() => {
                    let ended = ended?;
                    self.status.phase = if ended.code == 0 { "Succeeded" } else { "Failed" };
                    self.status.state = State::Ended(ended);
                    self.status.set_ready(false, Timestamp::now());
                    self.report();
                    return Ok(());
                }
                () = patience(self.wish.clone(), grace) => {}
            }
        }
        running.signal(Signal::KILL);
        self.status.phase = "Failed";
        self.status.state = State::Ended(running.wait().await?);
        self.status.set_ready(false, Timestamp::now());
        self.report();
        Ok(())
    }

    /// Takes the pod's network away and removes the pod from the API server.
    async fn end(&mut self) -> Result<()> {
        self.wished().await;
        self.kubelet.withdraw(self.pod).await;
        let sandbox = self.pod.sandbox.lock().ok().and_then(|mut place| place.take());
        self.kubelet.names.publish().await;
        if let Some(sandbox) = sandbox {
            sandbox.detach().await?;
        }
        volumes::discard(&self.pod.pod);
        Ok(())
    }

    fn report(&self) {
        self.pod.ready.send_replace(self.status.ready);
        self.reports.send_replace(self.status.clone());
    }

    fn backing_off(&self, wait: Duration) -> State {
        let (namespace, name) = self.pod.key();
        let container = &self.container.name;
        let message = format!(
            "back-off {}s restarting failed container={container} pod={name}_{namespace}",
            wait.as_secs()
        );
        State::Waiting("CrashLoopBackOff", message)
    }

    fn ends_when_done(&self) -> bool {
        let policy = self.pod.pod.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref());
        policy.is_some_and(|policy| policy != "Always")
    }

    /// Waits until the pod is to end.
    async fn wished(&self) {
        wished(self.wish.clone()).await;
    }

    /// Waits until the pod's node has power: nothing happens on a lost node.
    async fn power(&self) {
        self.kubelet.power(self.pod.node).await;
    }
}

/// Waits until a pod is to end.
async fn wished(mut wish: watch::Receiver<Wish>) {
    let _ = wish.wait_for(|wish| *wish != Wish::Run).await;
}

/// Waits for the grace period, or until a forced deletion cuts it short.
async fn patience(mut wish: watch::Receiver<Wish>, grace: u64) {
    let forced = wish.wait_for(|wish| matches!(wish, Wish::Gone | Wish::End(0)));
    let _ = timeout(Duration::from_secs(grace), forced).await;
}

fn scheduled_at(pod: &Pod) -> Option<Timestamp> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let condition = conditions.iter().find(|condition| condition.type_ == "PodScheduled")?;
    Some(condition.last_transition_time.as_ref()?.0)
}
