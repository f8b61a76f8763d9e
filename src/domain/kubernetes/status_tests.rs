//! Every branch of `printPod`, with what kubectl prints for it.

use super::*;
use crate::domain::Text;
use ContainerKind::{Init, Main, Sidecar};

fn container(kind: ContainerKind, state: Option<ContainerState>) -> Container {
    Container {
        name: "c".into(),
        kind,
        image: "".into(),
        ports: Vec::new(),
        kafka_env: Default::default(),
        mounts: Vec::new(),
        state,
        place: 0,
        ready: false,
        started: false,
        restarts: 0,
        last_end: None,
    }
}

fn waiting(reason: &str) -> Option<ContainerState> {
    Some(ContainerState::Waiting { reason: reason.into(), message: "".into() })
}

fn running() -> Option<ContainerState> {
    Some(ContainerState::Running { since: None })
}

fn ended(reason: &str, exit_code: i32, signal: i32) -> Option<ContainerState> {
    let (reason, message) = (reason.into(), "".into());
    Some(ContainerState::Terminated { reason, message, exit_code, signal, finished: None })
}

fn ready(mut container: Container) -> Container {
    container.ready = true;
    container.started = true;
    container
}

fn restarted(mut container: Container, times: u32, at: i64) -> Container {
    container.restarts = times;
    container.last_end = ended("Error", 1, 0).map(|end| match end {
        ContainerState::Terminated { reason, message, exit_code, signal, .. } => {
            ContainerState::Terminated { reason, message, exit_code, signal, finished: Some(Time(at)) }
        }
        other => other,
    });
    container
}

fn pod(phase: &str, containers: Vec<Container>) -> Pod {
    let mut containers = containers;
    for (place, container) in containers.iter_mut().enumerate() {
        container.place = place as u16;
    }
    Pod { phase: phase.into(), containers, ..Pod::default() }
}

fn with(mut pod: Pod, kind: &str, status: bool, reason: &str) -> Pod {
    let (kind, reason): (Text, Text) = (kind.into(), reason.into());
    pod.conditions.push(super::super::PodCondition { kind, status, reason, message: "".into(), since: None });
    pod
}

fn deleting(mut pod: Pod) -> Pod {
    pod.meta.deleting = Some(Time(1));
    pod
}

fn because(mut pod: Pod, reason: &str) -> Pod {
    pod.reason = reason.into();
    pod
}

#[track_caller]
fn prints(pod: &Pod, line: &str) {
    let status = pod.status();
    assert_eq!(format!("{} {} {}", status.ready(), status.status, status.restarts(Time(600_000))), line);
}

#[test]
fn the_phase_and_what_overrides_it() {
    prints(&pod("Pending", vec![container(Main, None)]), "0/1 Pending 0");
    prints(&because(pod("Failed", vec![container(Main, None)]), "Evicted"), "0/1 Evicted 0");
    let gated = with(pod("Pending", vec![container(Main, None)]), "PodScheduled", false, "SchedulingGated");
    prints(&because(gated, "Other"), "0/1 SchedulingGated 0");
}

#[test]
fn init_containers() {
    let main = || container(Main, waiting("PodInitializing"));
    let starting = |init: Vec<Container>| pod("Pending", [init, vec![main()]].concat());
    let init = |state| container(Init, state);
    prints(&starting(vec![init(ended("Completed", 0, 0)), init(running())]), "0/1 Init:1/2 0");
    prints(&starting(vec![init(waiting("PodInitializing")), init(None)]), "0/1 Init:0/2 0");
    prints(&starting(vec![init(waiting(""))]), "0/1 Init:0/1 0");
    prints(&starting(vec![init(waiting("ErrImagePull"))]), "0/1 Init:ErrImagePull 0");
    prints(&starting(vec![init(ended("OOMKilled", 137, 9))]), "0/1 Init:OOMKilled 0");
    prints(&starting(vec![init(ended("", 137, 9))]), "0/1 Init:Signal:9 0");
    prints(&starting(vec![init(ended("", 3, 0))]), "0/1 Init:ExitCode:3 0");
    // The first that is not done is told; the rest is not looked at.
    let first = vec![init(waiting("CrashLoopBackOff")), init(waiting("ErrImagePull"))];
    prints(&starting(first), "0/1 Init:CrashLoopBackOff 0");
}

#[test]
fn sidecars() {
    let main = || ready(container(Main, running()));
    let up = || ready(container(Sidecar, running()));
    prints(&pod("Running", vec![up(), main()]), "2/2 Running 0");
    let mut unready = up();
    unready.ready = false;
    prints(&pod("Running", vec![unready, main()]), "1/2 Running 0");
    // One that has not started holds the others up.
    let starting = container(Sidecar, running());
    prints(
        &pod("Pending", vec![starting.clone(), container(Main, waiting("PodInitializing"))]),
        "0/2 Init:0/1 0",
    );
    // … unless the pod was initialised before: then the containers speak.
    let again = with(pod("Running", vec![starting, main()]), "Initialized", true, "");
    prints(&again, "1/2 Init:0/1 0");
    let crashed = with(
        pod(
            "Running",
            vec![container(Sidecar, waiting("CrashLoopBackOff")), container(Main, waiting("Oops"))],
        ),
        "Initialized",
        true,
        "",
    );
    prints(&crashed, "0/2 Oops 0");
}

#[test]
fn containers_are_walked_from_the_last_to_the_first() {
    let main = |state| container(Main, state);
    prints(&pod("Running", vec![ready(main(running()))]), "1/1 Running 0");
    prints(&pod("Running", vec![main(running())]), "0/1 Running 0");
    let two = pod("Running", vec![main(waiting("CrashLoopBackOff")), main(waiting("ErrImagePull"))]);
    prints(&two, "0/2 CrashLoopBackOff 0");
    let mut by_name = two.clone();
    by_name.containers[0].place = 9;
    prints(&by_name, "0/2 ErrImagePull 0");
    prints(&pod("Pending", vec![main(waiting(""))]), "0/1 Pending 0");
    prints(&pod("Failed", vec![main(ended("Error", 1, 0))]), "0/1 Error 0");
    prints(&pod("Failed", vec![main(ended("", 137, 9))]), "0/1 Signal:9 0");
    prints(&pod("Failed", vec![main(ended("", 2, 0))]), "0/1 ExitCode:2 0");
}

#[test]
fn a_pod_of_which_a_container_completed() {
    let done = || container(Main, ended("Completed", 0, 0));
    let up = || ready(container(Main, running()));
    prints(&pod("Succeeded", vec![done()]), "0/1 Completed 0");
    prints(&pod("Running", vec![done(), up()]), "1/2 NotReady 0");
    prints(&with(pod("Running", vec![done(), up()]), "Ready", true, ""), "1/2 Running 0");
    let failed = container(Main, ended("Error", 1, 0));
    prints(&pod("Running", vec![done(), failed, up()]), "1/3 Error 0");
}

#[test]
fn deletion() {
    let up = || pod("Running", vec![ready(container(Main, running()))]);
    prints(&deleting(up()), "1/1 Terminating 0");
    prints(&deleting(because(up(), "NodeLost")), "1/1 Unknown 0");
    prints(&because(up(), "NodeLost"), "1/1 NodeLost 0");
    let done = pod("Succeeded", vec![container(Main, ended("Completed", 0, 0))]);
    prints(&deleting(done), "0/1 Completed 0");
    prints(&deleting(pod("Failed", vec![container(Main, ended("Error", 1, 0))])), "0/1 Error 0");
}

#[test]
fn restarts_are_those_of_what_runs_now() {
    let main = || restarted(ready(container(Main, running())), 3, 300_000);
    prints(&pod("Running", vec![main()]), "1/1 Running 3 (5m ago)");
    // The latest end counts, of whichever container.
    let other = restarted(ready(container(Main, running())), 1, 570_000);
    prints(&pod("Running", vec![main(), other]), "2/2 Running 4 (30s ago)");
    // Init containers count only while they run; sidecars always.
    let init = |state| restarted(container(Init, state), 7, 590_000);
    prints(&pod("Running", vec![init(ended("Completed", 0, 0)), main()]), "1/1 Running 3 (5m ago)");
    prints(
        &pod("Pending", vec![init(waiting("CrashLoopBackOff")), container(Main, None)]),
        "0/1 Init:CrashLoopBackOff 7 (10s ago)",
    );
    let sidecar = restarted(ready(container(Sidecar, running())), 2, 590_000);
    prints(&pod("Running", vec![sidecar, main()]), "2/2 Running 5 (10s ago)");
    let mut untold = container(Main, running());
    untold.restarts = 4;
    prints(&pod("Running", vec![untold]), "0/1 Running 4");
}

#[test]
fn nodes() {
    let node = |status: Option<ConditionStatus>, unschedulable| Node {
        conditions: Vec::from_iter(status.map(|status| super::super::NodeCondition {
            kind: "Ready".into(),
            status,
            reason: "".into(),
            since: None,
        })),
        unschedulable,
        ..Node::default()
    };
    assert_eq!(node(Some(ConditionStatus::True), false).status(), "Ready");
    assert_eq!(node(Some(ConditionStatus::True), true).status(), "Ready,SchedulingDisabled");
    assert_eq!(node(Some(ConditionStatus::False), false).status(), "NotReady");
    assert_eq!(node(Some(ConditionStatus::Unknown), true).status(), "NotReady,SchedulingDisabled");
    assert_eq!(node(None, false).status(), "Unknown");
}

#[test]
fn roles_come_from_labels() {
    let mut node = Node::default();
    assert_eq!(node.roles(), "<none>");
    for (label, value) in [
        ("node-role.kubernetes.io/worker", ""),
        ("node-role.kubernetes.io/control-plane", ""),
        ("node-role.kubernetes.io/", "x"),
        ("kubernetes.io/role", "old"),
        ("kubernetes.io/arch", "arm64"),
    ] {
        node.meta.labels.insert(label.into(), value.into());
    }
    assert_eq!(node.roles(), "control-plane,old,worker");
}
