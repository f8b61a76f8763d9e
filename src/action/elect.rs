//! Elect the preferred leaders.

use super::{
    Act, Goal, Intent, Known, May, Note, Plan, Risk, Sight, Step, Verb, Write, radius::PartitionName,
    reassign::wish::Scope, topics::ids, words,
};
use crate::domain::{
    human,
    kafka::{BrokerId, Partition, Tally},
    object::Object,
};
use std::{collections::BTreeMap, time::Duration};

pub static ELECT: Verb = Verb {
    name: "elect",
    aliases: &["preferred"],
    keys: &["b"],
    about: "preferred leaders",
    acts: &[May::always(Act::Elect)],
    takes,
    many: true,
    plan,
    ..Verb::PLAIN
};

/// Partitions that their preferred leader can lead and does not, and how many cannot be led by it, each by
/// that leader.
#[derive(Default)]
struct Found<'a> {
    ready: Vec<(PartitionName, &'a Partition)>,
    out: BTreeMap<BrokerId, Vec<PartitionName>>,
}

/// What [`found`] would say, from counts: this is asked for each frame, and a cluster has hundreds of
/// thousands of partitions.
fn takes(known: &Known<'_>, object: Option<&Object>) -> Result<(), String> {
    let census = &known.world.snapshot.kafka.census;
    match object {
        None => judge(&[], census.brokers()),
        Some(one @ Object::Broker(id)) => judge(std::slice::from_ref(one), [(*id, census.broker(*id))]),
        Some(object) => found(known, std::slice::from_ref(object)).map(drop),
    }
}

/// Said of what was looked at; of a broker those partitions are meant that it should lead.
fn led(objects: &[Object]) -> String {
    match objects {
        [] => "every partition is led by its preferred leader already".into(),
        [Object::Broker(id)] => {
            format!("every partition that broker {id} is the preferred leader of is led by it already")
        }
        [Object::Topic(topic)] => {
            format!("every partition of {topic} is led by its preferred leader already")
        }
        [Object::Partition(topic, partition)] => {
            format!("{topic}-{partition} is led by its preferred leader already")
        }
        many => format!(
            "every partition of the {} selected is led by its preferred leader already",
            human::count(many.len() as u64)
        ),
    }
}

fn judge(objects: &[Object], brokers: impl IntoIterator<Item = (BrokerId, Tally)>) -> Result<(), String> {
    let astray: Vec<(BrokerId, Tally)> = brokers.into_iter().filter(|(_, t)| t.astray > 0).collect();
    if astray.is_empty() {
        return Err(led(objects));
    }
    if astray.iter().any(|(_, t)| t.electable > 0) {
        return Ok(());
    }
    let ids: Vec<BrokerId> = astray.iter().map(|(id, _)| *id).collect();
    let count: u32 = astray.iter().map(|(_, t)| t.astray).sum();
    let n = human::plural(count as usize, "partition");
    Err(format!("{} not in sync and cannot lead {n}", words::are(&ids)))
}

/// Of the objects; of a broker those that it should lead; of nothing, all.
fn found<'a>(known: &Known<'a>, objects: &[Object]) -> Result<Found<'a>, String> {
    let scope = Scope::of(objects)?;
    let mut found = Found::default();
    for (name, topic) in scope.among(&known.world.snapshot.kafka) {
        for partition in &topic.partitions {
            let Some(preferred) = partition.preferred_leader() else { continue };
            let meant = scope.is_empty() || scope.has(name, partition.index, &[preferred]);
            if !meant || partition.led_as_preferred() {
                continue;
            }
            let name = (name.clone(), partition.index);
            if partition.electable() {
                found.ready.push((name, partition));
            } else {
                found.out.entry(preferred).or_default().push(name);
            }
        }
    }
    match (found.ready.is_empty(), found.out.is_empty()) {
        (false, _) => Ok(found),
        (true, true) => Err(led(objects)),
        (true, false) => Err(out_of_sync(&found.out)),
    }
}

fn out_of_sync(out: &BTreeMap<BrokerId, Vec<PartitionName>>) -> String {
    let brokers: Vec<BrokerId> = out.keys().copied().collect();
    let names: Vec<PartitionName> = out.values().flatten().cloned().collect();
    format!("{} not in sync and cannot lead {}", words::are(&brokers), words::partitions(&names, 3))
}

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let found = found(known, &intent.objects)?;
    let n = human::plural(found.ready.len(), "partition");
    let (title, name) = match found.ready.as_slice() {
        [((topic, partition), _)] => {
            (format!("elect the preferred leader of {topic}-{partition}"), format!("{topic}-{partition}"))
        }
        _ => (format!("elect the preferred leaders of {n}"), n),
    };
    let mut plan = Plan::new(intent, title, name);
    plan.risk = Risk::Low;
    plan.unknown.extend(words::doubt(known, "leaders and ISRs", &known.world.snapshot.kafka.topics_feed));
    if !found.out.is_empty() {
        plan.notes.push(Note::warning(out_of_sync(&found.out)));
    }
    let leader = |id: Option<BrokerId>| id.map_or_else(|| "none".to_string(), |id| id.to_string());
    let line = |((topic, partition), p): &(PartitionName, &Partition)| {
        format!("{topic}-{partition}  leader {} -> {}", leader(p.leader), leader(p.preferred_leader()))
    };
    plan.changes = found.ready.iter().map(line).collect();
    plan.radius.leaderless = found.ready.into_iter().map(|(name, _)| name).collect();
    let partitions = plan.radius.leaderless.clone();
    plan.commands = commands(known, &partitions);
    plan.steps = vec![Step {
        title: plan.title.clone(),
        write: Write::Elect {
            ids: ids(known, partitions.iter().map(|(topic, _)| topic)),
            partitions: partitions.clone(),
        },
        until: Goal::Led { partitions },
        patience: Duration::from_secs(120),
    }];
    Ok(plan)
}

fn commands(known: &Known<'_>, partitions: &[PartitionName]) -> Vec<String> {
    let run = format!("kafka-leader-election.sh {} --election-type preferred", words::bootstrap(known));
    if let [(topic, partition)] = partitions {
        return vec![format!("{run} --topic {} --partition {partition}", words::sh(topic))];
    }
    let line = |(topic, partition): &PartitionName| {
        format!("{{\"topic\":{},\"partition\":{partition}}}", serde_json::Value::from(&**topic))
    };
    let lines: Vec<String> = partitions.iter().map(line).collect();
    let mut commands = vec!["cat > leaders.json <<'EOF'".to_string()];
    commands.extend(format!("{{\"partitions\":[\n{}\n]}}", lines.join(",\n")).lines().map(String::from));
    commands.extend(["EOF".to_string(), format!("{run} --path-to-json-file leaders.json")]);
    commands
}

/// How many are led by their preferred leaders.
pub fn look(known: &Known<'_>, partitions: &[PartitionName]) -> Sight {
    let kafka = &known.world.snapshot.kafka;
    if !kafka.topics_feed.state(known.world.now).is_live() {
        return Sight::Unknown("the leaders are not read now".into());
    }
    let mut led = 0;
    for (topic, partition) in partitions {
        match kafka.topics.get(topic).and_then(|t| t.partition(*partition)) {
            None => return Sight::Lost(format!("{topic}-{partition} is gone: its topic was deleted")),
            Some(p) => led += usize::from(p.led_as_preferred()),
        }
    }
    if led == partitions.len() {
        return Sight::Reached;
    }
    let words =
        format!("{led} of {} led by the preferred leader", human::plural(partitions.len(), "partition"));
    Sight::Awaited { words, share: Some(led as f64 / partitions.len() as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        action::Policy,
        domain::kafka::KafkaDelta,
        world::{self, Fixture, NOW, SMALL},
    };

    /// What can be elected of nothing, of each broker and of each topic: the counts say of each what looking
    /// at every partition says.
    fn offered(fixture: &Fixture) -> Vec<Object> {
        let known = Known { world: fixture.world(), policy: Policy::default() };
        let kafka = &fixture.snapshot.kafka;
        let brokers = kafka.brokers.keys().map(|id| Object::Broker(*id));
        let objects: Vec<Object> = brokers.chain(kafka.topics.keys().cloned().map(Object::Topic)).collect();
        let judged = |object: Option<&Object>| {
            let looked = found(&known, object.map_or(&[], std::slice::from_ref)).map(drop);
            assert_eq!(takes(&known, object).is_ok(), looked.is_ok(), "{object:?}: {looked:?}");
            looked.is_ok()
        };
        let some: Vec<Object> = objects.iter().filter(|object| judged(Some(object))).cloned().collect();
        assert_eq!(judged(None), !some.is_empty());
        some
    }

    #[test]
    fn what_is_offered_is_what_can_be_planned() {
        let mut snapshot = world::degraded(SMALL);
        let away = Fixture::of(snapshot.clone(), NOW);
        assert!(offered(&away).is_empty(), "who should lead is away");
        let known = Known { world: away.world(), policy: Policy::default() };
        let said = takes(&known, Some(&Object::Broker(BrokerId(1)))).unwrap_err();
        assert!(said.starts_with("broker 1 is not in sync and cannot lead"), "{said}");
        let mut topic = snapshot.kafka.topics["payments"].clone();
        let led = topic.partitions.iter_mut().find(|p| p.led_as_preferred()).unwrap();
        let preferred = led.leader.unwrap();
        led.leader = led.isr.last().copied();
        snapshot.apply(KafkaDelta::Topics { changed: vec![topic], removed: vec![], at: NOW }.into());
        let wanted = [Object::Broker(preferred), Object::Topic("payments".into())];
        assert_eq!(offered(&Fixture::of(snapshot, NOW)), wanted);
    }
}
