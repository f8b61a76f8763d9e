//! Horizontal autoscalers on the processor's load.

use crate::{
    demo::world::kubernetes::{AUTOSCALERS, Resource, Turn, object, rfc3339},
    domain::kubernetes::Key,
};
use serde_json::{Value, json};

const COMPONENT: &str = "horizontal-pod-autoscaler";
/// Seconds between two looks.
///
/// Source: kube-controller-manager `--horizontal-pod-autoscaler-sync-period`.
const PERIOD: f64 = 15.0;
/// Seconds for which fewer replicas have to do before some go.
///
/// Source: `--horizontal-pod-autoscaler-downscale-stabilization`.
const CALM: f64 = 300.0;
/// A load so near to its target changes nothing.
///
/// Source: `--horizontal-pod-autoscaler-tolerance`.
const TOLERANCE: f64 = 0.1;

pub fn autoscaler(turn: &mut Turn<'_>, key: &Key) {
    let Some(scaler) = turn.get(&AUTOSCALERS, key) else { return };
    if let Some(looked) = turn.plane.looked.get(key).copied()
        && turn.seconds_since(looked) < PERIOD - 0.5
    {
        return;
    }
    turn.plane.looked.insert(key.clone(), turn.now);
    let next = turn.after(PERIOD);
    turn.look_at(next, &AUTOSCALERS, key);
    let target = &scaler["spec"]["scaleTargetRef"];
    let Some(of) = Resource::of(object::text(target, "/apiVersion"), object::text(target, "/kind")) else {
        return;
    };
    let target = Key::new(&key.namespace, object::text(target, "/name"));
    let Some(workload) = turn.get(of, &target) else { return };
    let current = object::count(&workload, "/spec/replicas");
    let load = turn.plane.load.get(&target).copied().unwrap_or_default();
    let each = asked_cores(&workload);
    // Percent of what each pod asks for.
    let use_of = load / current.max(1) as f64 / each * 100.0;
    let desired = desired(&scaler, current, use_of);
    let calm = object::time(&scaler, "/status/lastScaleTime").is_none_or(|at| turn.seconds_since(at) >= CALM);
    let moves = desired > current || desired < current && calm;
    if moves {
        let _gone = turn.store.update(of, &target, |workload| workload["spec"]["replicas"] = json!(desired));
        let above = if desired > current { "above" } else { "below" };
        let why = format!("cpu resource utilization (percentage of request) {above} target");
        let words = format!("New size: {desired}; reason: {why}");
        turn.note(&scaler, COMPONENT, "SuccessfulRescale", &words);
    }
    tell(turn, key, &scaler, current, if moves { desired } else { current }, use_of, moves);
}

fn asked_cores(workload: &Value) -> f64 {
    let containers = object::list(workload, "/spec/template/spec/containers").iter();
    let asked = containers.map(|c| object::quantity(&c["resources"]["requests"]["cpu"])).sum::<u64>();
    (asked as f64 / 1000.0).max(0.001)
}

/// Source: the algorithm of the horizontal pod autoscaler.
fn desired(scaler: &Value, current: usize, use_of: f64) -> usize {
    let metrics = object::list(scaler, "/spec/metrics").first();
    let aim = metrics.and_then(|m| object::number(m, "/resource/target/averageUtilization")).unwrap_or(80);
    let ratio = use_of / aim as f64;
    let wanted =
        if (ratio - 1.0).abs() <= TOLERANCE { current } else { (current as f64 * ratio).ceil() as usize };
    let least = object::number(scaler, "/spec/minReplicas").unwrap_or(1).max(0) as usize;
    wanted.clamp(least, object::count(scaler, "/spec/maxReplicas").max(least))
}

fn tell(
    turn: &mut Turn<'_>,
    key: &Key,
    scaler: &Value,
    current: usize,
    desired: usize,
    use_of: f64,
    moved: bool,
) {
    let mut status = scaler["status"].clone();
    if !status.is_object() {
        status = json!({});
    }
    status["observedGeneration"] = scaler["metadata"]["generation"].clone();
    status["currentReplicas"] = json!(current);
    status["desiredReplicas"] = json!(desired);
    status["currentMetrics"] = json!([{"type": "Resource", "resource": {
        "name": "cpu", "current": {"averageUtilization": use_of.round() as i64},
    }}]);
    if moved {
        status["lastScaleTime"] = json!(rfc3339(turn.now));
    }
    let ready = "recommended size matches current size";
    object::set_condition(&mut status, "AbleToScale", "True", "ReadyForNewScale", ready, turn.now);
    let words = "the HPA was able to successfully calculate a replica count from cpu resource utilization \
                 (percentage of request)";
    object::set_condition(&mut status, "ScalingActive", "True", "ValidMetricFound", words, turn.now);
    if status != scaler["status"] {
        turn.set_status(&AUTOSCALERS, key, status);
    }
}
