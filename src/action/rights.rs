//! What has to be allowed for what is written: one table. From it follow the keys that are greyed, what a plan lacks,
//! and what the README says of each verb.

use super::{Known, Need, Of, Plan, Verb, Write};
use crate::domain::{
    Text,
    access::{KafkaPermission, Operation, Permission, Right},
    kafka::{GroupId, Route, TopicName},
    object::{Kind, Object},
};
use std::collections::BTreeSet;

/// A kind of write, as permissions tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    Scale(Kind),
    Restart(Kind),
    Annotate(Kind),
    Evict,
    DeletePod,
    DeleteClaim,
    Cordon,
    Reassign,
    Elect,
    CreateTopic,
    AddPartitions,
    SetTopic,
    SetBroker,
    DeleteTopic,
    CommitOffsets,
    DeleteGroup,
    DeleteOffsets,
    Produce,
}

impl Act {
    /// The table.
    ///
    /// Sources: Kubernetes: the requests that are sent; Kafka: "Authorization and ACLs", the table of protocols.
    pub fn needs(self) -> Vec<Need> {
        use Operation::{Alter, AlterConfigs, Delete, Read, Write};
        let kubernetes = |verb, kind: Kind, subresource| {
            let (group, resource) = (kind.group(), kind.resource());
            vec![Need::Kubernetes(Permission { verb, group, resource, subresource })]
        };
        let cluster = |operation| vec![Need::Kafka(KafkaPermission::Cluster(operation))];
        let topic = |operation| vec![Need::Kafka(KafkaPermission::Topic(operation))];
        let group = |operation| vec![Need::Kafka(KafkaPermission::Group(operation))];
        match self {
            Act::Scale(kind) => kubernetes("patch", kind, "scale"),
            Act::Restart(kind) | Act::Annotate(kind) => kubernetes("patch", kind, ""),
            Act::Evict => kubernetes("create", Kind::Pod, "eviction"),
            Act::DeletePod => kubernetes("delete", Kind::Pod, ""),
            Act::DeleteClaim => kubernetes("delete", Kind::Claim, ""),
            Act::Cordon => kubernetes("patch", Kind::Node, ""),
            Act::Reassign | Act::Elect => cluster(Alter),
            Act::SetBroker => cluster(AlterConfigs),
            Act::CreateTopic => vec![Need::Kafka(KafkaPermission::NewTopic)],
            Act::AddPartitions => topic(Alter),
            Act::SetTopic => topic(AlterConfigs),
            Act::DeleteTopic => topic(Delete),
            Act::Produce => topic(Write),
            Act::CommitOffsets => [group(Read), topic(Read)].concat(),
            Act::DeleteOffsets => [group(Delete), topic(Read)].concat(),
            Act::DeleteGroup => group(Delete),
        }
    }

    pub fn is_of_kafka(self) -> bool {
        self.needs().iter().any(|need| matches!(need, Need::Kafka(_)))
    }
}

/// A kind of write that a verb's plans may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct May {
    pub act: Act,
    /// Only on these.
    pub of: Of,
    /// None: in each of its plans; else in which: its key is not denied for lack of it, but such a plan is.
    pub when: Option<&'static str>,
}

impl May {
    pub const fn always(act: Act) -> May {
        May { act, of: Of::Any, when: None }
    }

    pub const fn of(act: Act, of: Of) -> May {
        May { act, of, when: None }
    }

    pub const fn when(self, when: &'static str) -> May {
        May { when: Some(when), ..self }
    }
}

/// What a throttle of its own is set by, and taken away.
pub const THROTTLE: [May; 2] =
    [May::always(Act::SetTopic).when("at a rate"), May::always(Act::SetBroker).when("at a rate")];

/// What moves replicas.
pub const MOVE: &[May] = &[May::always(Act::Reassign), THROTTLE[0], THROTTLE[1]];

/// Who may not elect goes without.
pub const GIVE_BACK: May = May::always(Act::Elect).when("to give leaders back, else left out");

/// A kind of write, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    pub act: Act,
    namespace: Text,
    topics: Vec<TopicName>,
    group: Option<GroupId>,
}

impl Deed {
    pub fn new(act: Act) -> Deed {
        Deed { act, namespace: "".into(), topics: Vec::new(), group: None }
    }

    pub fn within(act: Act, namespace: &Text) -> Deed {
        Deed { namespace: namespace.clone(), ..Deed::new(act) }
    }

    pub fn on<'a>(act: Act, topics: impl IntoIterator<Item = &'a TopicName>) -> Deed {
        let topics: BTreeSet<&TopicName> = topics.into_iter().collect();
        Deed { topics: topics.into_iter().cloned().collect(), ..Deed::new(act) }
    }

    pub fn of(write: &Write) -> Vec<Deed> {
        let of_group = |group: &GroupId, deed| vec![Deed { group: Some(group.clone()), ..deed }];
        match write {
            Write::Scale { kind, key, .. } => vec![Deed::within(Act::Scale(*kind), &key.namespace)],
            Write::Restart { kind, key, .. } => vec![Deed::within(Act::Restart(*kind), &key.namespace)],
            Write::Annotate { kind, key, .. } => vec![Deed::within(Act::Annotate(*kind), &key.namespace)],
            Write::Evict { pod, .. } => vec![Deed::within(Act::Evict, &pod.namespace)],
            Write::Delete { pod, .. } => vec![Deed::within(Act::DeletePod, &pod.namespace)],
            Write::DeleteClaim { claim, .. } => vec![Deed::within(Act::DeleteClaim, &claim.namespace)],
            Write::Cordon { .. } => vec![Deed::new(Act::Cordon)],
            Write::Reassign { .. } => vec![Deed::new(Act::Reassign)],
            Write::Elect { .. } => vec![Deed::new(Act::Elect)],
            Write::CreateTopic { topic, .. } => vec![Deed::on(Act::CreateTopic, [topic])],
            Write::AddPartitions { topic, .. } => vec![Deed::on(Act::AddPartitions, [topic])],
            Write::DeleteTopic { topic, .. } => vec![Deed::on(Act::DeleteTopic, [topic])],
            Write::Produce { topic, .. } => vec![Deed::on(Act::Produce, [topic])],
            Write::Configure { changes, .. } => {
                let topics = Deed::on(Act::SetTopic, changes.iter().filter_map(|change| change.of.topic()));
                let brokers = changes.iter().any(|change| change.of.broker().is_some());
                let topics = (!topics.topics.is_empty()).then_some(topics);
                topics.into_iter().chain(brokers.then(|| Deed::new(Act::SetBroker))).collect()
            }
            Write::CommitOffsets { group, offsets } => {
                let topics = offsets.iter().map(|(topic, ..)| topic);
                of_group(group, Deed::on(Act::CommitOffsets, topics))
            }
            Write::DeleteOffsets { group, partitions } => {
                let topics = partitions.iter().map(|(topic, _)| topic);
                of_group(group, Deed::on(Act::DeleteOffsets, topics))
            }
            Write::DeleteGroup { group } => of_group(group, Deed::new(Act::DeleteGroup)),
        }
    }

    /// Where it is done on what is told only later, nothing can be said of it.
    pub fn rights(&self) -> Vec<Right> {
        let kafka = |permission, on: &Text| Right::Kafka { permission, on: on.clone() };
        let mut rights = Vec::new();
        for need in self.act.needs() {
            match need {
                Need::Kubernetes(permission) => {
                    rights.push(Right::Kubernetes { permission, namespace: self.namespace.clone() });
                }
                Need::Kafka(permission @ KafkaPermission::Cluster(_)) => {
                    rights.push(kafka(permission, &"".into()));
                }
                Need::Kafka(permission @ KafkaPermission::Group(_)) => {
                    rights.extend(self.group.iter().map(|group| kafka(permission, group)));
                }
                Need::Kafka(permission @ (KafkaPermission::Topic(_) | KafkaPermission::NewTopic)) => {
                    rights.extend(self.topics.iter().map(|topic| kafka(permission, topic)));
                }
            }
        }
        rights
    }
}

impl Plan {
    /// Everything that it may come to write, as far as that can be told.
    pub fn deeds(&self, known: &Known<'_>) -> Vec<Deed> {
        let steps = self.steps.iter().flat_map(|step| Deed::of(&step.write));
        steps.chain(self.tasks.iter().flat_map(|task| task.part().deeds(known))).collect()
    }

    pub fn rights(&self, known: &Known<'_>) -> BTreeSet<Right> {
        rights(known, &self.deeds(known))
    }
}

/// What has to be allowed for these; where Kafka is reached through the API server, that, too.
pub fn rights(known: &Known<'_>, deeds: &[Deed]) -> BTreeSet<Right> {
    let of_kafka = deeds.iter().any(|deed| deed.act.is_of_kafka());
    let tunnel = of_kafka.then(|| tunnel(known)).flatten();
    deeds.iter().flat_map(Deed::rights).chain(tunnel).collect()
}

/// What a verb needs on one object, whatever its plan will be.
pub fn needs(verb: &Verb, known: &Known<'_>, object: Option<&Object>) -> BTreeSet<Right> {
    let always = verb.acts.iter().filter(|may| may.when.is_none() && may.of.holds(known, object));
    let deed = |may: &May| Deed {
        namespace: namespace(known, object).unwrap_or_default(),
        topics: topic(object).into_iter().cloned().collect(),
        group: group(object).cloned(),
        ..Deed::new(may.act)
    };
    let deeds: Vec<Deed> = always.map(deed).collect();
    // One of several: whichever it is.
    let of_kafka = !verb.acts.is_empty() && verb.acts.iter().all(|may| may.act.is_of_kafka());
    let mut rights = rights(known, &deeds);
    rights.extend(of_kafka.then(|| tunnel(known)).flatten());
    if namespace(known, object).is_none() {
        let somewhere = |right: &Right| match right {
            Right::Kubernetes { permission, namespace } => {
                permission.resource == Kind::Node.resource() || !namespace.is_empty()
            }
            Right::Kafka { .. } => true,
        };
        rights.retain(somewhere);
    }
    rights
}

/// The first that is known not to be allowed.
pub fn missing<'r>(known: &Known<'_>, rights: impl IntoIterator<Item = &'r Right>) -> Option<&'r Right> {
    let access = &known.world.snapshot.access;
    rights.into_iter().find(|right| access.has(right) == Some(false))
}

/// Without where, which is where the selected object is.
pub fn words(right: &Right) -> String {
    match right {
        Right::Kubernetes { permission, .. } if *permission == TUNNEL => {
            format!("{TUNNEL} to write through the API server")
        }
        right => right.what(),
    }
}

/// A verb's plan.
///
/// # Errors
/// Why there is none; or what it would write and this user is known not to be allowed.
pub fn plan(verb: &Verb, known: &Known<'_>, intent: &super::Intent) -> Result<Plan, String> {
    let plan = (verb.plan)(known, intent)?;
    match missing(known, &plan.rights(known)) {
        Some(right) => Err(format!("needs {right}, which this context may not do")),
        None => Ok(plan),
    }
}

/// To read through a tunnel `get` is enough; who may only look at Kubernetes must not write to Kafka by it,
/// though, where Kafka itself may check nobody.
pub const TUNNEL: Permission =
    Permission { verb: "create", group: "", resource: "pods", subresource: "portforward" };

/// What writing to Kafka needs of Kubernetes, where it is reached through the API server.
fn tunnel(known: &Known<'_>) -> Option<Right> {
    let cluster = known.world.derived.joined.cluster()?;
    let route = known.world.snapshot.kafka.route?;
    let namespace = cluster.namespace.clone();
    (route != Route::Direct).then_some(Right::Kubernetes { permission: TUNNEL, namespace })
}

/// Where the object is; empty: in the cluster's scope. None: nowhere that is known.
fn namespace(known: &Known<'_>, object: Option<&Object>) -> Option<Text> {
    match object? {
        Object::Kube { key, .. } => Some(key.namespace.clone()),
        Object::Broker(id) => {
            let (key, _) = known.world.derived.joined.broker(*id)?.pod.clone()?;
            Some(key.namespace)
        }
        _ => None,
    }
}

fn topic(object: Option<&Object>) -> Option<&TopicName> {
    match object? {
        Object::Topic(topic) | Object::Partition(topic, _) | Object::GroupPartition(_, topic, _) => {
            Some(topic)
        }
        _ => None,
    }
}

fn group(object: Option<&Object>) -> Option<&GroupId> {
    match object? {
        Object::Group(group) | Object::GroupPartition(group, ..) => Some(group),
        _ => None,
    }
}
