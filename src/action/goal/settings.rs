//! A goal about the settings of topics and brokers.

use super::{Known, Sight};
use crate::{
    action::write::{ConfigChange, ConfigHow, ConfigOf},
    domain::{
        human,
        kafka::{BrokerId, Side, TopicName, throttle::replicas},
    },
};

/// What is set: a value, or nothing.
type Set = Option<String>;

/// Every setting as it was changed to be, as far as they were read since.
pub fn changed(known: &Known<'_>, changes: &[ConfigChange]) -> Sight {
    let mut awaited = Vec::new();
    for change in changes {
        let set = match &change.of {
            ConfigOf::Topic(name) => of_topic(known, name, change),
            ConfigOf::Broker(id) => of_broker(known, *id, &change.name),
        };
        match set {
            Ok(set) if holds(&change.how, set.as_deref()) => {}
            Ok(_) => awaited.push(format!("{} of {}", change.name, change.of)),
            Err(sight) => return sight,
        }
    }
    if awaited.is_empty() {
        return Sight::Reached;
    }
    let done = changes.len() - awaited.len();
    let words = format!("{} to be read as changed", human::list(&awaited, 2));
    Sight::Awaited { words, share: Some(done as f64 / changes.len() as f64) }
}

/// What is set on a topic. With a topic goes what was to be taken away from it.
fn of_topic(known: &Known<'_>, name: &TopicName, change: &ConfigChange) -> Result<Set, Sight> {
    let kafka = &known.world.snapshot.kafka;
    if !kafka.topics_feed.state(known.world.now).is_live() {
        return Err(Sight::Unknown("the topics are not read now".into()));
    }
    let Some(topic) = kafka.topics.get(name) else {
        let lost = Sight::Lost(format!("topic {name} was deleted"));
        return if change.how.takes_away() { Ok(None) } else { Err(lost) };
    };
    let unread = || Sight::Unknown(format!("the settings of topic {name} are not read now"));
    let config = topic.config.as_ref().filter(|_| kafka.configs_feed.failure().is_none());
    let overrides = &config.ok_or_else(unread)?.overrides;
    Ok(overrides.iter().find(|(key, _)| *key == change.name).map(|(_, value)| value.clone()))
}

/// The rates of a broker's throttles; nothing else of its settings is read.
fn of_broker(known: &Known<'_>, id: BrokerId, name: &str) -> Result<Set, Sight> {
    let broker = known.world.snapshot.kafka.brokers.get(&id);
    let throttle = broker.and_then(|broker| broker.throttle.live(known.world.now));
    let unread = || Sight::Unknown(format!("the throttles of broker {id} are not read now"));
    let throttle = throttle.ok_or_else(unread)?;
    let side = Side::BOTH.into_iter().find(|side| side.rate_key() == name);
    let side = side.ok_or_else(|| Sight::Unknown(format!("castellan does not read {name} of brokers")))?;
    Ok(side.rate(*throttle).map(|rate| rate.to_string()))
}

/// Of lists only those of throttled replicas are changed entry by entry.
fn holds(how: &ConfigHow, set: Option<&str>) -> bool {
    let has = |entry: &str| set.is_some_and(|set| replicas(set).any(|one| one == entry));
    match how {
        ConfigHow::Set(value) => set == Some(value),
        ConfigHow::Remove => set.is_none(),
        ConfigHow::Append(list) => replicas(list).all(has),
        ConfigHow::Subtract(list) => !replicas(list).any(has),
    }
}
