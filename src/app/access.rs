//! Asks beforehand for the permissions that the selected object's verbs need, each once in a while.

use super::{Effect, Model, sheet::Sheet};
use crate::{
    action::{VERBS, rights},
    domain::{
        Text,
        access::{KafkaPermission, Permission, Right},
        ask::{AccessQuery, Answer, Ask, AskId},
        snapshot::Delta,
        time::Time,
    },
};
use std::{collections::HashSet, time::Duration};

/// After an answer that failed, so long nothing is asked.
const PAUSE: Duration = Duration::from_secs(30);
/// Permissions come and go: an answer is believed for so long, and until the next.
const BELIEVED: Duration = Duration::from_secs(30);

/// Topics that one question names: of what a plan throttles, the others are asked for by the next ones.
const MOST: usize = 200;

/// What was asked.
#[derive(Default)]
pub struct Asked {
    kubernetes: HashSet<(Permission, Text)>,
    cluster: bool,
    topics: HashSet<Text>,
    open: Vec<(AskId, AccessQuery)>,
    quiet_until: Time,
    /// Since when what was asked is believed.
    since: Time,
}

/// Something was refused, or the watches may read something else than before: what is believed is asked anew.
pub fn doubt(model: &mut Model) {
    let asked = &mut model.asked;
    asked.kubernetes.clear();
    asked.cluster = false;
    asked.topics.clear();
    asked.since = model.now;
}

/// Asks for what is not known of the selected object. Called as time passes and the world changes, not at
/// each key: what the cursor only passes by is not asked for.
pub fn ask(model: &mut Model) {
    if model.session.read_only || model.now < model.asked.quiet_until {
        return;
    }
    if model.asked.open.is_empty() && model.now.since(model.asked.since) >= BELIEVED {
        doubt(model);
    }
    let query = unasked(model);
    if query.kubernetes.is_empty() && !query.cluster && query.topics.is_empty() {
        return;
    }
    model.asked.kubernetes.extend(query.kubernetes.iter().cloned());
    model.asked.cluster |= query.cluster;
    model.asked.topics.extend(query.topics.iter().cloned());
    let id = model.ask(Ask::Access(query.clone()));
    model.asked.open.push((id, query));
}

fn unasked(model: &Model) -> AccessQuery {
    let object = model.subject();
    let mut query = AccessQuery { kubernetes: Vec::new(), cluster: false, topics: Vec::new() };
    let known = model.known();
    for verb in VERBS.iter().filter(|v| (v.takes)(&known, object).is_ok()) {
        rights::needs(verb, &known, object).into_iter().for_each(|right| add(model, right, &mut query));
    }
    if let Some(Sheet::Confirm(sheet)) = model.sheets.last() {
        sheet.plan.rights(&known).into_iter().for_each(|right| add(model, right, &mut query));
    }
    query
}

fn add(model: &Model, right: Right, query: &mut AccessQuery) {
    let asked = &model.asked;
    match right {
        Right::Kubernetes { permission, namespace } => {
            let wanted = (permission, namespace);
            if !asked.kubernetes.contains(&wanted) && !query.kubernetes.contains(&wanted) {
                query.kubernetes.push(wanted);
            }
        }
        // Kafka is asked when there is one. Of groups it tells nothing.
        Right::Kafka { permission: KafkaPermission::Group(_), .. } => {}
        Right::Kafka { .. } if !model.targets.aimed() => {}
        Right::Kafka { permission: KafkaPermission::Topic(_), on } => {
            let fresh = !asked.topics.contains(&on) && !query.topics.contains(&on);
            if fresh && query.topics.len() < MOST {
                query.topics.push(on);
            }
        }
        Right::Kafka { .. } => query.cluster |= !asked.cluster,
    }
}

/// Takes in an answer if it is one to a question about permissions; gives it back if not.
pub fn take(model: &mut Model, id: AskId, answer: Answer) -> Option<Answer> {
    let Some(at) = model.asked.open.iter().position(|(open, _)| *open == id) else { return Some(answer) };
    match answer {
        Answer::Granted(grants) => drop(model.snapshot.apply(Delta::Access(grants))),
        Answer::End => close(model, at),
        Answer::Failed(_) => {
            let query = model.asked.open[at].1.clone();
            close(model, at);
            let asked = &mut model.asked;
            asked.kubernetes.retain(|wanted| !query.kubernetes.contains(wanted));
            asked.topics.retain(|topic| !query.topics.contains(topic));
            asked.cluster &= !query.cluster;
            asked.quiet_until = model.now.plus(PAUSE);
        }
        _ => {}
    }
    None
}

fn close(model: &mut Model, at: usize) {
    let (id, _) = model.asked.open.swap_remove(at);
    model.effect(Effect::Cancel(id));
}

/// Another Kafka cluster has other authorities.
pub fn forget_kafka(model: &mut Model) {
    model.asked.cluster = false;
    model.asked.topics.clear();
    let access = &mut model.snapshot.access;
    access.cluster = None;
    access.topics.clear();
}
