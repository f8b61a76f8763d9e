//! Delete a pod: budgets are not asked. Where an operator rolls pods itself, it is asked to instead.

use super::{
    Act, Intent, Known, May, Note, Of, Plan, Step, Verb, Write, evict, owner,
    target::{self, Target},
    words,
};
use crate::domain::{discovery::Keeper, object::Kind};
use std::time::Duration;

/// Source: kubernetes.md §2.
pub const ROLL: &str = "strimzi.io/manual-rolling-update";
/// Strimzi looks every two minutes, and then judges by itself when the broker may go.
pub const STRIMZI: Duration = Duration::from_secs(1_200);

pub static DELETE: Verb = Verb {
    name: "delete",
    keys: &["ctrl-d"],
    about: "delete: no budget is asked",
    acts: &[
        May::of(Act::DeletePod, Of::NotKeptBy(Keeper::Strimzi)),
        // It is asked by an annotation.
        May::of(Act::Annotate(Kind::Pod), Of::KeptBy(Keeper::Strimzi)),
    ],
    takes: |known, object| Target::of(known, object)?.refuses(),
    many: true,
    plan,
    ..Verb::PLAIN
};

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let targets = Target::all(known, intent)?;
    targets.iter().try_for_each(Target::refuses)?;
    let mut plan = target::ending(known, intent, "delete", &targets);
    for target in &targets {
        if target.keeper == Some(Keeper::Strimzi) {
            roll(&mut plan, target);
        } else {
            end(known, &mut plan, target);
        }
    }
    Ok(plan)
}

fn end(known: &Known<'_>, plan: &mut Plan, target: &Target<'_>) {
    let key = target.key();
    for budget in owner::budgets(known, target.pod).into_iter().filter(|b| b.allowed <= 0) {
        plan.notes.push(Note::warning(format!(
            "budget {} allows no disruption now, and deleting does not ask it",
            budget.meta.key
        )));
    }
    if target.keeper == Some(Keeper::Koperator) {
        plan.notes.push(Note::plain("deleting the pod is how Koperator restarts a broker"));
    }
    plan.changes.push(format!("pod {key} ends and is replaced"));
    plan.commands.push(format!(
        "kubectl -n {} delete pod {} --wait=false",
        words::sh(&key.namespace),
        words::sh(&key.name)
    ));
    plan.steps.push(Step {
        title: format!("delete pod {key}"),
        write: Write::Delete { pod: key.clone(), uid: target.pod.meta.uid.clone() },
        until: evict::replaced(target),
        patience: evict::PATIENCE,
    });
}

/// The owner's own verb.
fn roll(plan: &mut Plan, target: &Target<'_>) {
    let (key, meta) = (target.key(), &target.pod.meta);
    plan.notes.push(Note::plain(format!(
        "Strimzi keeps {key}: it is asked to roll the pod, and does so when it looks next (every two \
         minutes) and finds it safe"
    )));
    plan.changes.push(format!("Strimzi rolls pod {key}"));
    plan.commands.push(format!(
        "kubectl -n {} annotate pod {} {ROLL}=true",
        words::sh(&key.namespace),
        words::sh(&key.name)
    ));
    plan.steps.push(Step {
        title: format!("ask Strimzi to roll pod {key}"),
        write: Write::Annotate {
            kind: Kind::Pod,
            key: key.clone(),
            uid: meta.uid.clone(),
            name: ROLL.into(),
            value: "true".into(),
        },
        until: evict::replaced(target),
        patience: STRIMZI,
    });
}
