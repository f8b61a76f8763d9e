//! Take replication throttles away that somebody left behind: they slow every broker that has to catch up.

use crate::{
    action::{
        Act, Goal, Intent, Known, May, Note, Of, Plan, Risk, Step, Verb, Write,
        radius::PartitionName,
        rate,
        topics::ids,
        words,
        write::{ConfigChange, ConfigHow, ConfigOf},
    },
    domain::{
        human,
        kafka::{BrokerId, Kafka, Side, Topic, TopicName},
        object::Object,
    },
};
use std::{collections::BTreeSet, time::Duration};

pub static UNTHROTTLE: Verb = Verb {
    name: "unthrottle",
    about: "take throttles away",
    acts: &[May::of(Act::SetTopic, Of::Topics), May::of(Act::SetBroker, Of::Brokers)],
    takes,
    many: true,
    plan,
    ..Verb::PLAIN
};

/// Settings are read again soon after they were written.
const PATIENCE: Duration = Duration::from_secs(120);
/// Of a list that a sentence names.
const NAMED: usize = 3;

/// What is set, with its value.
struct Set {
    of: ConfigOf,
    side: Side,
    value: String,
}

impl Set {
    fn name(&self) -> &'static str {
        match self.of {
            ConfigOf::Topic(_) => self.side.replicas_key(),
            ConfigOf::Broker(_) => self.side.rate_key(),
        }
    }

    /// `orders  leader.replication.throttled.replicas: 0:1,0:2 -> not set`
    fn line(&self) -> String {
        let (of, value) = match &self.of {
            ConfigOf::Topic(topic) => (topic.to_string(), self.value.clone()),
            broker @ ConfigOf::Broker(_) => {
                (broker.to_string(), self.value.parse().map_or_else(|_| self.value.clone(), rate::words))
            }
        };
        format!("{of}  {}: {value} -> not set", self.name())
    }

    fn removal(&self) -> ConfigChange {
        ConfigChange { of: self.of.clone(), name: self.name().into(), how: ConfigHow::Remove }
    }
}

fn of_topic(topic: &Topic) -> impl Iterator<Item = Set> + '_ {
    Side::BOTH.into_iter().filter_map(|side| {
        let value = side.list(topic)?.to_string();
        Some(Set { of: ConfigOf::Topic(topic.name.clone()), side, value })
    })
}

fn of_broker(kafka: &Kafka, id: BrokerId) -> impl Iterator<Item = Set> {
    let set = kafka.brokers.get(&id).and_then(|broker| broker.throttle.last().copied());
    Side::BOTH.into_iter().filter_map(move |side| {
        let value = side.rate(set?)?.to_string();
        Some(Set { of: ConfigOf::Broker(id), side, value })
    })
}

/// Topics and brokers mean themselves; all else means everything.
fn meant(objects: &[Object]) -> &[Object] {
    let is_throttled =
        |object: &Object| matches!(object, Object::Topic(_) | Object::Partition(..) | Object::Broker(_));
    if objects.iter().all(is_throttled) { objects } else { &[] }
}

/// What is set on this, or why it is nothing that is throttled.
fn of(kafka: &Kafka, object: &Object) -> Result<Vec<Set>, String> {
    match object {
        Object::Topic(name) | Object::Partition(name, _) => {
            let topic = kafka.topics.get(name);
            Ok(topic.ok_or_else(|| format!("topic {name} is not there any more")).map(of_topic)?.collect())
        }
        Object::Broker(id) => Ok(of_broker(kafka, *id).collect()),
        _ => Ok(Vec::new()),
    }
}

/// It is asked for each frame: where nothing is selected the plan finds out.
fn takes(known: &Known<'_>, object: Option<&Object>) -> Result<(), String> {
    let Some(object) = object.filter(|object| !meant(std::slice::from_ref(object)).is_empty()) else {
        return Ok(());
    };
    match of(&known.world.snapshot.kafka, object)?.is_empty() {
        true => Err(format!("{} {} is not throttled", object.noun(), object.name())),
        false => Ok(()),
    }
}

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let kafka = &known.world.snapshot.kafka;
    let objects = meant(&intent.objects);
    let mut all: Vec<Set> = match objects {
        [] => {
            let topics = kafka.topics.values().flat_map(of_topic);
            topics.chain(kafka.brokers.keys().flat_map(|id| of_broker(kafka, *id))).collect()
        }
        some => some
            .iter()
            .map(|one| of(kafka, one))
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect(),
    };
    all.sort_by(|a, b| (&a.of, a.side).cmp(&(&b.of, b.side)));
    all.dedup_by(|a, b| (&a.of, a.side) == (&b.of, b.side));
    let unread = unread(known, objects);
    if all.is_empty() {
        return Err(match unread.is_empty() {
            true => "nothing is throttled".into(),
            false => format!("nothing is known to be throttled; {}", unread.join("; ")),
        });
    }
    let what = human::plural(all.iter().map(|set| &set.of).collect::<BTreeSet<_>>().len(), "topic or broker");
    let what = match objects {
        [one] => format!("{} {}", one.noun(), one.name()),
        _ => what.replace("topic or brokers", "topics and brokers"),
    };
    let name = if let [one] = objects { one.name() } else { what.clone() };
    let mut plan = Plan::new(intent, format!("take the throttle of {what} away"), name);
    plan.risk = Risk::Low;
    plan.unknown = unread;
    used(kafka, &mut plan, &all);
    let plain = "what has to catch up copies as fast as disks and network go";
    plan.notes.push(Note::plain(plain));
    plan.changes = all.iter().map(Set::line).collect();
    plan.commands =
        all.iter().map(|set| command(known, set, &format!("--delete-config {}", set.name()))).collect();
    let undo = all.iter().map(|set| {
        let value = words::sh(&format!("{}=[{}]", set.name(), set.value));
        command(known, set, &format!("--add-config {value}"))
    });
    plan.undo = Some(undo.collect::<Vec<_>>().join("\n"));
    let changes: Vec<ConfigChange> = all.iter().map(Set::removal).collect();
    let topics = all.iter().filter_map(|set| set.of.topic());
    plan.steps = vec![Step {
        title: plan.title.clone(),
        write: Write::Configure { changes: changes.clone(), ids: ids(known, topics) },
        until: Goal::Settings { changes },
        patience: PATIENCE,
    }];
    Ok(plan)
}

/// What may be throttled, too, and could not be read.
fn unread(known: &Known<'_>, objects: &[Object]) -> Vec<String> {
    let kafka = &known.world.snapshot.kafka;
    let feeds =
        [("topics' settings", &kafka.configs_feed), ("reassignments under way", &kafka.reassignments.feed)];
    let mut unread: Vec<String> =
        feeds.into_iter().filter_map(|(what, feed)| words::doubt(known, what, feed)).collect();
    let meant = |id: &BrokerId| match objects {
        [] => true,
        some => some.contains(&Object::Broker(*id)),
    };
    let silent =
        kafka.brokers.values().filter(|b| meant(&b.id) && b.throttle.live(known.world.now).is_none());
    let silent: Vec<BrokerId> = silent.map(|b| b.id).collect();
    if !silent.is_empty() {
        unread.push(format!("the throttles of {}: not read now", words::brokers(&silent)));
    }
    unread
}

/// A throttle that something moves under is no leftover: its owner takes it away.
fn used(kafka: &Kafka, plan: &mut Plan, all: &[Set]) {
    let topics: BTreeSet<&TopicName> = all.iter().filter_map(|set| set.of.topic()).collect();
    let brokers: BTreeSet<BrokerId> = all.iter().filter_map(|set| set.of.broker()).collect();
    let moves = kafka.reassignments.last().into_iter().flat_map(|moves| moves.iter());
    let under: Vec<PartitionName> = moves
        .filter(|r| {
            let throttled = Side::BOTH.iter().any(|side| {
                let topic = kafka.topics.get(&r.topic);
                topic.is_some_and(|t| r.replicas.iter().any(|id| side.names(t, r.partition, *id)))
            });
            topics.contains(&r.topic) || throttled && r.replicas.iter().any(|id| brokers.contains(id))
        })
        .map(|r| (r.topic.clone(), r.partition))
        .collect();
    if !under.is_empty() {
        let verb = if under.len() == 1 { "is" } else { "are" };
        plan.refusals.push(format!(
            "{} {verb} being moved under it, and whoever moves them takes it away afterwards: {}",
            human::plural(under.len(), "partition"),
            words::partitions(&under, NAMED)
        ));
    }
}

fn command(known: &Known<'_>, set: &Set, what: &str) -> String {
    let entity = match &set.of {
        ConfigOf::Topic(name) => format!("topics --entity-name {}", words::sh(name)),
        ConfigOf::Broker(id) => format!("brokers --entity-name {id}"),
    };
    format!("kafka-configs.sh {} --alter --entity-type {entity} {what}", words::bootstrap(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        action::{
            Friction,
            tests::{apply, broker, changed, healthy, made, object, plan, refused, says},
        },
        domain::{
            kafka::{KafkaDelta, Reassignment, Throttle},
            object::Kind,
            snapshot::Snapshot,
        },
        world::NOW,
    };

    fn left(s: &mut Snapshot) {
        let mut config = s.kafka.topics["orders"].config.clone().expect("its settings");
        config.overrides = Side::BOTH.map(|side| (side.replicas_key().into(), "0:0,0:3".into())).to_vec();
        apply(s, KafkaDelta::Configs { configs: vec![("orders".into(), config)], at: NOW });
        for id in 0..3 {
            let rate = (id == 1).then_some(50 << 20);
            let answer = Ok(Throttle { leader: rate, follower: rate });
            apply(s, KafkaDelta::Throttle { broker: BrokerId(id), answer, at: NOW });
        }
    }

    #[test]
    fn what_was_left_behind_is_taken_away_and_how_it_was_is_kept() {
        let world = changed(left);
        let all = plan(&world, "unthrottle", &[], "").expect("a plan");
        assert_eq!(all.title, "take the throttle of 2 topics and brokers away");
        assert_eq!(
            all.changes,
            [
                "orders  leader.replication.throttled.replicas: 0:0,0:3 -> not set",
                "orders  follower.replication.throttled.replicas: 0:0,0:3 -> not set",
                "broker 1  leader.replication.throttled.rate: 52428800 B/s (50.0 MiB/s) -> not set",
                "broker 1  follower.replication.throttled.rate: 52428800 B/s (50.0 MiB/s) -> not set",
            ]
        );
        assert_eq!((all.asks(), all.risk), (Friction::Yes, Risk::Low));
        assert!(all.undo.expect("an undo").contains("leader.replication.throttled.replicas=[0:0,0:3]"));
        let Write::Configure { changes, ids } = &all.steps[0].write else { panic!("{:?}", all.steps) };
        assert!(changes.len() == 4 && changes.iter().all(|c| c.how == ConfigHow::Remove));
        assert_eq!(ids.len(), 1);
        assert_eq!(made(&world, "unthrottle", broker(1), "").changes, all.changes[2..]);
        let orders = Object::Topic("orders".into());
        assert_eq!(made(&world, "unthrottle", orders, "").changes, all.changes[..2]);
        assert_eq!(refused(&world, "unthrottle", broker(0), ""), "nothing is throttled");
        let pod = object(Kind::Pod, "shop", "billing-5d8c7-0");
        assert_eq!(made(&world, "unthrottle", pod, "").changes, all.changes, "elsewhere everything is meant");
    }

    #[test]
    fn what_moves_under_it_is_named() {
        let moves = |topic: &'static str| {
            changed(move |s| {
                left(s);
                let set = |ids: &[i32]| ids.iter().copied().map(BrokerId).collect();
                let one = Reassignment {
                    topic: topic.into(),
                    partition: 0,
                    replicas: set(&[3, 0, 1, 2]),
                    adding: set(&[3]),
                    removing: set(&[0]),
                };
                apply(s, KafkaDelta::Reassignments { answer: Ok(vec![one]), at: NOW });
            })
        };
        let used = plan(&moves("orders"), "unthrottle", &[], "").expect("a plan");
        assert!(says(&used.refusals, "1 partition is being moved under it"), "{:?}", used.refusals);
        assert!(says(&used.refusals, ": orders-0") && used.asks() == Friction::ContextAndName);
        assert!(!made(&moves("orders"), "unthrottle", broker(1), "").refusals.is_empty());
        let other = plan(&moves("payments"), "unthrottle", &[], "").expect("a plan");
        assert_eq!(other.refusals, [""; 0], "that one is not throttled");
    }

    #[test]
    fn what_is_not_read_is_said() {
        let silent = changed(|s| {
            left(s);
            let answer = Err("connection refused".into());
            apply(s, KafkaDelta::Throttle { broker: BrokerId(2), answer, at: NOW });
        });
        let all = plan(&silent, "unthrottle", &[], "").expect("a plan");
        assert_eq!(all.unknown, ["the throttles of broker 2: not read now"]);
        let why = plan(&healthy(), "unthrottle", &[], "").expect_err("nothing is known");
        assert!(why.contains("throttles of brokers 0, 1, 2: not read now"), "{why}");
    }
}
