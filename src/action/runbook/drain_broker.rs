//! Take everything off a broker, and then the broker out of its StatefulSet.

use crate::{
    action::{
        Act, Argument, Friction, Intent, Known, May, Note, Plan, Risk, Verb, owner, rate, reassign,
        rights::THROTTLE,
        target::Target,
        task::{Empty, Resize},
        words,
        workload::Workload,
    },
    domain::{
        discovery::Keeper,
        human,
        kafka::BrokerId,
        object::{Kind, Object},
    },
};

pub static DRAIN_BROKER: Verb = Verb {
    name: "drain-broker",
    about: "drain a broker, scale in",
    argument: Some(Argument {
        name: "[keep] [at RATE]",
        proposal: |_, _| String::new(),
        choices: |_, _| vec!["keep".into()],
        file: false,
    }),
    acts: &[
        May::always(Act::Reassign),
        May::always(Act::Scale(Kind::StatefulSet)).when("without `keep`"),
        THROTTLE[0],
        THROTTLE[1],
    ],
    takes: |known, object| broker(known, object).map(drop),
    plan,
    ..Verb::PLAIN
};

fn broker(known: &Known<'_>, object: Option<&Object>) -> Result<BrokerId, String> {
    let id = match object {
        Some(Object::Broker(id)) => *id,
        Some(pod @ Object::Kube { kind: Kind::Pod, .. }) => {
            let target = Target::of(known, Some(pod))?;
            target.broker.ok_or_else(|| format!("pod {} is no broker that is known", target.key()))?
        }
        Some(other) => return Err(format!("a {} cannot be drained so; select a broker", other.noun())),
        None => return Err("select a broker first".into()),
    };
    match known.world.snapshot.kafka.brokers.contains_key(&id) {
        true => Ok(id),
        false => Err(format!("there is no broker {id} any more")),
    }
}

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let id = broker(known, intent.objects.first())?;
    let (rest, rate) = rate::split(&intent.argument)?;
    let keep = match rest {
        "" => false,
        "keep" => true,
        other => return Err(format!("{other:?} is not understood; type nothing, `keep`, or `at 50MiB`")),
    };
    let last = if keep { None } else { Some(last(known, id)?) };
    let changes = reassign::off(known, id).map_err(|why| instead(known, id, why))?;
    if keep && changes.is_empty() {
        return Err(format!("broker {id} holds no replica already"));
    }
    let then = last.as_ref().map(|last| {
        let from = last.set.replicas();
        format!(", then scale {} from {from} to {} replicas", last.set.name(), from - 1)
    });
    let title = format!("drain broker {id}{}", then.unwrap_or_default());
    let mut plan = Plan::new(intent, title, id.to_string());
    plan.friction = Friction::Name;
    if !changes.is_empty() {
        reassign::lay(known, &mut plan, changes, rate);
    }
    let empty = Empty { broker: id, rate };
    match last {
        None => plan.tasks.push(empty.into()),
        Some(last) => scale_in(known, &mut plan, &last, empty),
    }
    Ok(plan)
}

/// A broker that is the last of its StatefulSet.
struct Last<'a> {
    set: Workload<'a>,
    target: Target<'a>,
}

/// Only the pod of the highest ordinal goes when a StatefulSet is scaled in.
fn last<'a>(known: &Known<'a>, id: BrokerId) -> Result<Last<'a>, String> {
    const KEEP: &str = "type `keep` to drain it and leave its pod";
    let kubernetes = &known.world.snapshot.kubernetes;
    let target = Target::of(known, Some(&Object::Broker(id))).map_err(|why| format!("{why}; {KEEP}"))?;
    if target.keeper == Some(Keeper::Strimzi) {
        return Err(format!("{}; {KEEP}", owner::strimzi_scale(target.pod)));
    }
    let owner = kubernetes.owners(&target.pod.meta).into_iter().find(|owner| &*owner.kind == "StatefulSet");
    let set = owner.and_then(|owner| kubernetes.stateful_sets.iter().find(|set| set.meta.uid == owner.uid));
    let Some(set) = set.map(Workload::StatefulSet) else {
        return Err(format!(
            "pod {} belongs to no StatefulSet that could be scaled in; {KEEP}",
            target.key()
        ));
    };
    let pods = set.pods(known);
    match pods.first() {
        Some(highest) if highest.key() == target.key() => Ok(Last { set, target }),
        highest => {
            let who = highest.map_or_else(String::new, |pod| match pod.broker {
                Some(other) => format!(", which is broker {other} (pod {})", pod.key().name),
                None => format!(", pod {}", pod.key().name),
            });
            Err(format!(
                "{} is scaled in from its highest ordinal{who}, so broker {id} would not go: {KEEP}, or give it a \
                 new disk or node (:replace)",
                set.name()
            ))
        }
    }
}

/// What may be done where there are not brokers enough.
fn instead(known: &Known<'_>, id: BrokerId, why: String) -> String {
    let brokers = known.world.snapshot.kafka.brokers.values();
    let left = brokers.filter(|b| b.registered && b.id != id).count();
    if why.contains("may hold one") && left > 0 {
        let left = human::plural(left, "broker");
        return format!(
            "{why}: with {left} left, lower the replication factor first (:set-replication), or scale out"
        );
    }
    why
}

fn scale_in(known: &Known<'_>, plan: &mut Plan, last: &Last<'_>, empty: Empty) {
    let (set, from) = (&last.set, last.set.replicas());
    let (meta, id) = (set.meta(), empty.broker);
    plan.changes.push(format!("{}: {from} -> {} replicas", set.name(), from - 1));
    plan.changes.push(format!("pod {} ends and is not replaced", last.target.key()));
    plan.unknown.extend(words::doubt(known, "workloads", Workload::feed(known, set.kind())));
    plan.notes.extend(owner::of_workload(known, set.kind(), meta, "replicas"));
    plan.notes.push(Note::plain("its volume stays and is used again when it is scaled out"));
    plan.refusals.extend(owner::operator_refuses(meta, last.target.keeper, "replicas"));
    plan.refusals.extend(votes(known, id));
    plan.risk = plan.risk.max(if plan.refusals.is_empty() { Risk::Low } else { Risk::Elevated });
    plan.commands.push(format!(
        "kubectl scale {} --current-replicas {from} --replicas {}",
        set.argument(),
        from - 1
    ));
    plan.tasks.push(empty.clone().into());
    plan.tasks.push(
        Resize { set: meta.key.clone(), uid: meta.uid.clone(), from, to: from - 1, leaves: Some(empty) }
            .into(),
    );
}

/// A controller that is gone for good stays a voter, and the quorum has one less to lose.
fn votes(known: &Known<'_>, id: BrokerId) -> Option<String> {
    let quorum = known.world.snapshot.kafka.quorum.last()?;
    let voters = quorum.voters.len();
    let may_lose = |gone: usize| (voters.saturating_sub(1) / 2).saturating_sub(gone);
    quorum.voters.iter().any(|voter| voter.id == id).then(|| {
        format!(
            "broker {id} is one of the {} of the quorum, which could lose {} and with it gone for good only {}: \
             take it out of the voters first, or type `keep`",
            human::plural(voters, "controller"),
            may_lose(0),
            may_lose(1)
        )
    })
}
