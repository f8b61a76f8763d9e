//! The kubelets: they run the containers of the pods on their nodes, and tell how that goes.

use super::{
    End, Program,
    container::{Container, Killed, State, back_off, go_duration},
    pod_status,
};
use crate::{
    demo::world::kubernetes::{PODS, Turn, event::Tone, object},
    domain::{Text, kubernetes::Key, time::Time},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub const COMPONENT: &str = "kubelet";
/// A container that ran for so long starts with a clean slate, in seconds.
///
/// Source: kubelet `flowcontrol.Backoff`: twice the longest back-off.
const LONG: f64 = 600.0;
/// Seconds between two looks of a kubelet at a pod that waits: each tells again why.
const LOOK: f64 = 12.0;

/// What runs where.
#[derive(Debug, Default)]
pub struct Kubelet {
    pub runs: BTreeMap<Key, Run>,
    /// What programs do, by image; the rest just runs.
    pub programs: BTreeMap<Text, Program>,
    /// Pods whose program does something else than its image's.
    pub faults: BTreeMap<Key, Program>,
    images: BTreeSet<(Text, Text)>,
    slots: BTreeMap<Text, u32>,
}

/// A pod on its node.
#[derive(Debug, Clone)]
pub struct Run {
    pub uid: Text,
    pub node: Text,
    pub ip: Text,
    pub since: Time,
    pub containers: Vec<Container>,
    /// When its containers will have ended, once they were asked to.
    pub stopping: Option<Time>,
    /// It hears no signal but SIGKILL.
    pub deaf: bool,
}

impl Run {
    /// Since when its first container runs.
    pub fn running(&self) -> Option<Time> {
        self.containers.first()?.running()
    }
}

impl Kubelet {
    pub fn program(&self, pod: &Key, image: &str) -> Program {
        let known = self.faults.get(pod).or_else(|| self.programs.get(image));
        known.cloned().unwrap_or_default()
    }

    fn place(&mut self, node: &Text, number: usize) -> Text {
        let slot = self.slots.entry(node.clone()).or_insert(1);
        *slot = *slot % 250 + 1;
        format!("10.{}.{}.{}", 44 + number / 250, number % 250, *slot + 1).into()
    }
}

impl Turn<'_> {
    /// A program says whether it is ready to serve.
    pub fn tell_ready(&mut self, pod: &Key, ready: bool) {
        let Some(run) = self.plane.kubelet.runs.get_mut(pod) else { return };
        for container in &mut run.containers {
            if container.told != ready {
                container.told = ready;
                self.plane.look_now(&PODS, pod);
                return;
            }
        }
    }

    /// The program of a pod that was asked to end has done so.
    pub fn stopped(&mut self, pod: &Key) {
        let now = self.now;
        if let Some(stopping) = self.plane.kubelet.runs.get_mut(pod).and_then(|run| run.stopping.as_mut())
            && *stopping > now
        {
            *stopping = now;
            self.plane.look_now(&PODS, pod);
        }
    }

    /// A program ends, by itself or by a signal that was not Kubernetes'.
    pub fn end_process(&mut self, pod: &Key, code: i32, killed: Killed) {
        let Some(mut run) = self.plane.kubelet.runs.remove(pod) else { return };
        if let Some(container) = run.containers.first_mut() {
            end(self, container, code, killed, true);
        }
        self.plane.kubelet.runs.insert(pod.clone(), run);
        self.plane.look_now(&PODS, pod);
    }
}

pub fn forget(turn: &mut Turn<'_>, key: &Key) {
    turn.plane.kubelet.runs.remove(key);
}

/// Brings a pod to where it would be by now, and tells it.
pub fn sync(turn: &mut Turn<'_>, key: &Key, pod: &Value) {
    let known = turn.plane.kubelet.runs.remove(key).filter(|run| *run.uid == *object::uid(pod));
    if object::has_ended(pod) {
        if object::is_deleting(pod) {
            turn.remove(&PODS, key);
        }
        return;
    }
    let Some(mut run) = known.or_else(|| start(turn, key, pod)) else { return };
    for container in &mut run.containers {
        advance(turn, key, pod, container);
    }
    if object::is_deleting(pod) {
        stop(turn, key, pod, &mut run);
        if run.stopping.is_some_and(|at| at <= turn.now) {
            turn.remove(&PODS, key);
            return;
        }
    }
    let status = pod_status::of(turn, key, pod, &run);
    let due = run.containers.iter().filter_map(|c| c.due(turn.now)).chain(run.stopping);
    let due = due.chain(pod_status::next(turn, key, &run)).filter(|at| *at > turn.now).min();
    turn.plane.kubelet.runs.insert(key.clone(), run);
    if let Some(due) = due {
        turn.look_at(due, &PODS, key);
    }
    if status != pod["status"] {
        turn.set_status(&PODS, key, status);
    }
}

/// A pod that is new on its node; None: it was asked to go before it had come.
fn start(turn: &mut Turn<'_>, key: &Key, pod: &Value) -> Option<Run> {
    if object::is_deleting(pod) {
        turn.remove(&PODS, key);
        return None;
    }
    let node: Text = object::text(pod, "/spec/nodeName").into();
    let number = super::node::number(turn, &node);
    let ip = turn.plane.kubelet.place(&node, number);
    let made = 0.6 + turn.random.f64() * 1.5;
    let until = turn.after(made);
    let containers = object::list(pod, "/spec/containers").iter();
    let containers =
        containers.map(|c| Container::new(object::text(c, "/name"), object::text(c, "/image"), until));
    Some(Run {
        uid: object::uid(pod).into(),
        node,
        ip,
        since: turn.now,
        containers: containers.collect(),
        stopping: None,
        deaf: false,
    })
}

/// Takes a container through all that has become due.
fn advance(turn: &mut Turn<'_>, key: &Key, pod: &Value, c: &mut Container) {
    while c.due(turn.now).is_some_and(|at| at <= turn.now) {
        match c.state {
            State::Creating { .. } => pull(turn, key, pod, c),
            State::Pulling { since, .. } => pulled(turn, key, pod, c, since),
            State::NoImage { .. } if !object::is_deleting(pod) => pull(turn, key, pod, c),
            State::Running { ends: Some(_), .. } => {
                let code = turn.plane.kubelet.program(key, &c.image).ends.map_or(1, |(_, code)| code);
                let again = restarts(pod, code) && !object::is_deleting(pod);
                end(turn, c, code, Killed::No, again);
                if let State::Ended { wait, .. } = c.state
                    && wait > 0.0
                {
                    put_off(turn, pod, c, wait);
                }
            }
            State::Ended { end, .. } if !object::is_deleting(pod) => {
                c.last = Some(end);
                c.restarts += 1;
                pull(turn, key, pod, c);
            }
            _ => return,
        }
    }
}

/// Source: the pod's restart policy.
fn restarts(pod: &Value, code: i32) -> bool {
    match object::text(pod, "/spec/restartPolicy") {
        "Never" => false,
        "OnFailure" => code != 0,
        _ => true,
    }
}

fn pull(turn: &mut Turn<'_>, key: &Key, pod: &Value, c: &mut Container) {
    let image = (turn.plane.kubelet.node_of(pod), c.image.clone());
    if turn.plane.kubelet.images.contains(&image) {
        let message = format!("Container image \"{}\" already present on machine", c.image);
        turn.note(pod, COMPONENT, "Pulled", &message);
        return run(turn, key, pod, c);
    }
    turn.note(pod, COMPONENT, "Pulling", &format!("Pulling image \"{}\"", c.image));
    let takes = turn.plane.kubelet.program(key, &c.image).pull * (0.6 + turn.random.f64() * 0.8);
    c.state = State::Pulling { since: turn.now, until: turn.after(takes) };
}

fn pulled(turn: &mut Turn<'_>, key: &Key, pod: &Value, c: &mut Container, since: Time) {
    if turn.plane.kubelet.program(key, &c.image).missing {
        return pull_failed(turn, pod, c);
    }
    let image = (turn.plane.kubelet.node_of(pod), c.image.clone());
    turn.plane.kubelet.images.insert(image);
    c.pulls = 0;
    let took = turn.seconds_since(since);
    let size = 60_000_000 + u64::from_str_radix(&hex(&c.image), 16).unwrap_or_default() % 400_000_000;
    let message = format!(
        "Successfully pulled image \"{}\" in {took:.3}s ({took:.3}s including waiting). Image size: {size} bytes.",
        c.image
    );
    turn.note(pod, COMPONENT, "Pulled", &message);
    run(turn, key, pod, c);
}

/// Twelve hexadecimal digits that stand for an image.
pub fn hex(image: &str) -> String {
    let hash = image.bytes().fold(7u64, |hash, byte| hash.wrapping_mul(0x100_0000_01b3) ^ u64::from(byte));
    format!("{:012x}", hash >> 16)
}

fn pull_failed(turn: &mut Turn<'_>, pod: &Value, c: &mut Container) {
    c.pulls += 1;
    let wait = back_off(c.pulls);
    c.state = State::NoImage { told_until: turn.after(1.5), until: turn.after(1.5 + wait), wait };
    let message = format!("Failed to pull image \"{}\": {}", c.image, not_found(&c.image));
    turn.warn(pod, COMPONENT, "Failed", &message);
    turn.warn(pod, COMPONENT, "Failed", "Error: ErrImagePull");
    let times = (wait / LOOK) as usize + 1;
    let message = format!("Back-off pulling image \"{}\"", c.image);
    turn.tell(pod, COMPONENT, Tone::Normal, "BackOff", &message, times);
    turn.tell(pod, COMPONENT, Tone::Warning, "Failed", "Error: ImagePullBackOff", times);
}

/// Containerd's words.
pub fn not_found(image: &str) -> String {
    let full = if image.split('/').next().is_some_and(|host| host.contains('.')) {
        image.to_owned()
    } else {
        format!("docker.io/{image}")
    };
    format!(
        "rpc error: code = NotFound desc = failed to pull and unpack image \"{full}\": failed to resolve \
         reference \"{full}\": {full}: not found"
    )
}

fn run(turn: &mut Turn<'_>, key: &Key, pod: &Value, c: &mut Container) {
    turn.note(pod, COMPONENT, "Created", &format!("Created container: {}", c.name));
    turn.note(pod, COMPONENT, "Started", &format!("Started container {}", c.name));
    let program = turn.plane.kubelet.program(key, &c.image);
    let ends = program.ends.map(|(after, _)| turn.after(after));
    c.state = State::Running { since: turn.now, ends };
    c.told = false;
}

/// A container's run is over.
fn end(turn: &mut Turn<'_>, c: &mut Container, code: i32, killed: Killed, again: bool) {
    let Some(started) = c.running() else { return };
    let end = End { code, killed, started, finished: turn.now };
    if turn.seconds_since(started) >= LONG {
        c.crashes = 0;
    }
    let wait = back_off(c.crashes);
    c.crashes += 1;
    c.told = false;
    // The first restart comes at once: with the kubelet's next look.
    let until = again.then(|| turn.after(wait.max(1.5)));
    c.state = State::Ended { end, until, wait };
}

fn put_off(turn: &mut Turn<'_>, pod: &Value, c: &Container, wait: f64) {
    let key = object::key(pod);
    let uid = object::uid(pod);
    let message = format!(
        "Back-off restarting failed container {} in pod {}_{}({uid})",
        c.name, key.name, key.namespace
    );
    turn.tell(pod, COMPONENT, Tone::Warning, "BackOff", &message, (wait / LOOK) as usize + 1);
}

/// What the kubelet says while a restart is put off.
pub fn waits(key: &Key, uid: &str, container: &str, wait: f64) -> String {
    format!(
        "back-off {} restarting failed container={container} pod={}_{}({uid})",
        go_duration(wait),
        key.name,
        key.namespace
    )
}

/// Asks the containers to end, by the time that the grace period leaves them.
fn stop(turn: &mut Turn<'_>, key: &Key, pod: &Value, run: &mut Run) {
    let until = object::time(pod, "/metadata/deletionTimestamp").unwrap_or(turn.now);
    if let Some(at) = run.stopping {
        // A second deletion may have shortened it.
        run.stopping = Some(at.min(until.max(turn.now)));
        return;
    }
    let mut last = turn.now;
    for container in run.containers.iter().filter(|c| c.running().is_some()) {
        turn.note(pod, COMPONENT, "Killing", &format!("Stopping container {}", container.name));
        let takes = turn.plane.kubelet.program(key, &container.image).stops_in;
        let ends = if run.deaf { until } else { turn.after(takes).min(until) };
        last = last.max(ends);
    }
    run.stopping = Some(last);
}

impl Kubelet {
    fn node_of(&self, pod: &Value) -> Text {
        object::text(pod, "/spec/nodeName").into()
    }
}

/// A machine was lost and is back: what ran on it starts again, and what was to go is gone.
pub fn reboot(turn: &mut Turn<'_>, node: &str) {
    let here = turn.plane.on_node.get(node).map(|here| here.pods.clone()).unwrap_or_default();
    for key in here {
        turn.plane.look_now(&PODS, &key);
        let Some(mut run) = turn.plane.kubelet.runs.remove(&key) else { continue };
        for container in &mut run.containers {
            end(turn, container, 255, Killed::Unseen, true);
            container.crashes = 0;
        }
        if turn.get(&PODS, &key).is_some_and(|pod| object::is_deleting(&pod)) {
            run.stopping = Some(turn.now);
        }
        turn.plane.kubelet.runs.insert(key, run);
    }
}
