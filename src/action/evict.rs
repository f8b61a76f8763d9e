//! Evict a pod: budgets are asked.

use super::{
    Act, Goal, Intent, Known, May, Note, Plan, Step, Verb, Write, owner,
    target::{self, Target},
    words,
};
use crate::domain::{discovery::Keeper, object::Object};
use std::time::Duration;

/// A broker with many partitions is long in coming back: its logs are loaded and it catches up.
pub const PATIENCE: Duration = Duration::from_secs(600);

pub static EVICT: Verb = Verb {
    name: "evict",
    keys: &["e"],
    about: "evict",
    acts: &[May::always(Act::Evict)],
    takes,
    many: true,
    plan,
    ..Verb::PLAIN
};

fn takes(known: &Known<'_>, object: Option<&Object>) -> Result<(), String> {
    let target = Target::of(known, object)?;
    target.refuses()?;
    let budgets = owner::budgets(known, target.pod);
    match budgets.as_slice() {
        [] | [_] => Ok(()),
        many => Err(format!(
            "{} budgets protect pod {}, and Kubernetes evicts no pod with more than one; delete it instead",
            many.len(),
            target.key()
        )),
    }
}

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let targets = Target::all(known, intent)?;
    intent.objects.iter().try_for_each(|object| takes(known, Some(object)))?;
    let mut plan = target::ending(known, intent, "evict", &targets);
    plan.unknown.extend(words::doubt(known, "budgets", &known.world.snapshot.kubernetes.budgets.feed));
    for target in &targets {
        for note in owner::budgets(known, target.pod).into_iter().map(owner::budget_note) {
            if !plan.notes.contains(&note) {
                plan.notes.push(note);
            }
        }
        if target.keeper == Some(Keeper::Strimzi) {
            plan.notes.push(Note::plain(format!(
                "Strimzi puts {} back, but does not judge when; `delete` asks it to roll the pod itself",
                target.key()
            )));
        }
        let key = target.key();
        plan.changes.push(format!("pod {key} ends and is replaced"));
        plan.commands.extend(eviction(target));
        plan.steps.push(Step {
            title: format!("evict pod {key}"),
            write: Write::Evict { pod: key.clone(), uid: target.pod.meta.uid.clone() },
            until: replaced(target),
            patience: PATIENCE,
        });
    }
    Ok(plan)
}

pub fn replaced(target: &Target<'_>) -> Goal {
    let meta = &target.pod.meta;
    Goal::PodReplaced { pod: meta.key.clone(), uid: meta.uid.clone(), broker: target.broker }
}

/// kubectl has no verb of its own for it.
pub fn eviction(target: &Target<'_>) -> [String; 6] {
    let key = target.key();
    let path = format!("/api/v1/namespaces/{}/pods/{}/eviction", key.namespace, key.name);
    let metadata = serde_json::json!({ "name": *key.name, "namespace": *key.namespace });
    let preconditions = serde_json::json!({ "uid": *target.pod.meta.uid });
    [
        format!("kubectl create -f - --raw {} <<'EOF'", words::sh(&path)),
        "{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",".into(),
        format!("\"metadata\":{metadata},"),
        "\"deleteOptions\":{\"preconditions\":".into(),
        format!("{preconditions}}}}}"),
        "EOF".into(),
    ]
}
