//! Restart the pods of a StatefulSet or Deployment by a rollout.

use super::{
    Absence, Act, Goal, Intent, Known, May, Note, Of, Plan, Risk, Step, Verb, Write, owner, target::killed,
    words, workload::Workload,
};
use crate::domain::{human, kafka::BrokerId, object::Kind};
use std::time::Duration;

/// For each pod: to end, to start, to catch up.
const PATIENCE: Duration = Duration::from_secs(600);

pub static RESTART: Verb = Verb {
    name: "restart",
    // `r` reverses the order of a table.
    keys: &["r"],
    about: "restart",
    acts: &[
        May::of(Act::Restart(Kind::StatefulSet), Of::Kind(Kind::StatefulSet)),
        May::of(Act::Restart(Kind::Deployment), Of::Kind(Kind::Deployment)),
    ],
    takes: |known, object| paused(&Workload::selected(known, object)?),
    plan,
    ..Verb::PLAIN
};

/// kubectl refuses it, too: nothing would happen until the rollout is resumed.
fn paused(workload: &Workload<'_>) -> Result<(), String> {
    match workload {
        Workload::Deployment(deployment) if deployment.paused => Err(format!(
            "{} is paused: run kubectl rollout resume {} first",
            workload.name(),
            workload.argument()
        )),
        _ => Ok(()),
    }
}

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let workload = Workload::selected(known, intent.objects.first())?;
    paused(&workload)?;
    let (meta, pods) = (workload.meta(), workload.pods(known));
    let mut plan = Plan::new(intent, format!("restart {}", workload.name()), &*meta.key.name);
    plan.risk = Risk::Low;
    plan.unknown.extend(words::doubt(known, "workloads", Workload::feed(known, workload.kind())));
    plan.notes = owner::of_workload(known, workload.kind(), meta, "template");
    plan.refusals.extend(owner::operator_refuses(meta, Workload::keeper(&pods), "template"));
    let waits = deletes_by_hand(&mut plan, &workload);
    let kept = kept_back(&workload);
    let restarted = &pods[..pods.len().saturating_sub(kept)];
    if !waits {
        let ids: Vec<BrokerId> = restarted.iter().filter_map(|t| t.broker).collect();
        let mut absence = Absence::in_turn(known, &ids);
        absence.notes.extend(killed(restarted));
        absence.burden(&mut plan);
        plan.changes.push(replaced(&workload, restarted.len()));
    }
    if !waits && Workload::keeper(&pods).is_some() {
        plan.risk = plan.risk.max(Risk::Elevated);
        plan.notes.push(Note::warning(
            "between two brokers Kubernetes waits until the first is Ready, not until it is back in its ISRs",
        ));
    }
    if kept > 0 {
        plan.notes
            .push(Note::warning(format!("its partition keeps {} as they are", human::plural(kept, "pod"))));
    }
    plan.commands.push(format!("kubectl rollout restart {}", workload.argument()));
    plan.steps.push(step(&plan.title, &workload, waits, restarted.len()));
    Ok(plan)
}

fn replaced(workload: &Workload<'_>, pods: usize) -> String {
    let n = human::plural(pods, "pod");
    match workload {
        _ if pods == 1 => format!("{n} is ended and replaced"),
        Workload::StatefulSet(_) => format!("{n} are ended and replaced, one after another"),
        Workload::Deployment(_) => {
            format!("{n} are ended and replaced, as many at once as its strategy has it")
        }
    }
}

fn step(title: &str, workload: &Workload<'_>, waits: bool, pods: usize) -> Step {
    let (kind, key) = (workload.kind(), workload.meta().key.clone());
    let rolled = Goal::RolledOut { kind, key: key.clone(), after: workload.generations().0 };
    Step {
        title: title.to_string(),
        write: Write::Restart { kind, key, uid: workload.meta().uid.clone() },
        until: if waits { Goal::Answered } else { rolled },
        patience: PATIENCE * u32::try_from(pods.max(1)).unwrap_or(u32::MAX),
    }
}

/// With `OnDelete` a rollout only marks the pods: each keeps running until somebody deletes it.
fn deletes_by_hand(plan: &mut Plan, workload: &Workload<'_>) -> bool {
    let Workload::StatefulSet(set) = workload else { return false };
    if &*set.update_strategy != "OnDelete" {
        return false;
    }
    plan.changes.push("each pod is made anew when it is deleted next".into());
    plan.notes
        .push(Note::warning("its strategy is OnDelete: no pod restarts until it is deleted or evicted"));
    true
}

/// Pods with an ordinal below the update strategy's partition are not restarted.
fn kept_back(workload: &Workload<'_>) -> usize {
    match workload {
        Workload::StatefulSet(set) => usize::try_from(set.partition.clamp(0, set.replicas)).unwrap_or(0),
        Workload::Deployment(_) => 0,
    }
}
