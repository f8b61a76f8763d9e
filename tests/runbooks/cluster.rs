//! A small cluster that does what it is told: brokers in pods of a StatefulSet, replicas that fall behind and
//! catch up, moves that take time, throttles, claims, nodes. It knows nothing of castellan but its writes.

use castellan::{
    action::{
        Said, Write,
        write::{ConfigHow, ConfigOf},
    },
    domain::kafka::BrokerId,
};
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet};

/// Seconds.
pub type Seconds = u64;

const LEADER_RATE: &str = "leader.replication.throttled.rate";
const FOLLOWER_RATE: &str = "follower.replication.throttled.rate";
const REPLICAS: [&str; 2] =
    ["leader.replication.throttled.replicas", "follower.replication.throttled.replicas"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    Up,
    /// Its pod ends until then.
    Ending(Seconds),
    /// Its container starts until then; its pod is there.
    Starting(Seconds),
    /// Its container died by itself and is started again then.
    Crashed(Seconds),
}

#[derive(Debug, Clone)]
pub struct Broker {
    pub life: Life,
    /// How often its pod, and its claim, were made.
    pub pod: u32,
    pub claim: u32,
    pub claim_ends: bool,
    pub rates: [Option<u64>; 2],
}

#[derive(Debug, Clone, PartialEq)]
pub struct Partition {
    pub replicas: Vec<i32>,
    pub isr: Vec<i32>,
    pub leader: Option<i32>,
    pub bytes: u64,
    /// The replicas that it had before it was moved, and those that it is to have.
    pub moving: Option<(Vec<i32>, Vec<i32>)>,
    /// What the replicas out of sync hold.
    pub held: BTreeMap<i32, u64>,
}

#[derive(Debug, Clone)]
pub struct Topic {
    pub min: usize,
    pub partitions: Vec<Partition>,
    pub configs: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
pub struct Cluster {
    pub now: Seconds,
    pub brokers: BTreeMap<i32, Broker>,
    pub topics: BTreeMap<String, Topic>,
    pub controller: i32,
    /// What the StatefulSet is to have.
    pub replicas: i32,
    pub generation: i64,
    pub cordoned: BTreeSet<String>,
    pub rng: Rng,
}

/// What a replica copies in a second where nothing throttles it.
const SPEED: u64 = 40 << 20;

impl Cluster {
    pub fn new(seed: u64) -> Cluster {
        let mut rng = Rng::with_seed(seed);
        let brokers = rng.i32(3..=6);
        let broker = Broker { life: Life::Up, pod: 0, claim: 0, claim_ends: false, rates: [None; 2] };
        let mut topics = BTreeMap::new();
        for n in 0..rng.usize(1..=4) {
            let factor = rng.i32(1..=3).min(brokers);
            let min = rng.i32(1..=factor.min(2)) as usize;
            let partition = |rng: &mut Rng| {
                let mut all: Vec<i32> = (0..brokers).collect();
                rng.shuffle(&mut all);
                all.truncate(factor as usize);
                Partition {
                    isr: all.clone(),
                    leader: all.first().copied(),
                    replicas: all,
                    bytes: rng.u64(1..=400) << 20,
                    moving: None,
                    held: BTreeMap::new(),
                }
            };
            let partitions = (0..rng.usize(1..=5)).map(|_| partition(&mut rng)).collect();
            topics.insert(format!("topic-{n}"), Topic { min, partitions, configs: BTreeMap::new() });
        }
        Cluster {
            now: 0,
            brokers: (0..brokers).map(|id| (id, broker.clone())).collect(),
            topics,
            controller: 0,
            replicas: brokers,
            generation: 1,
            cordoned: BTreeSet::new(),
            rng,
        }
    }

    pub fn is_up(&self, id: i32) -> bool {
        self.brokers.get(&id).is_some_and(|b| b.life == Life::Up)
    }

    pub fn partitions(&self) -> impl Iterator<Item = (&String, usize, &Topic, &Partition)> {
        self.topics
            .iter()
            .flat_map(|(name, t)| t.partitions.iter().enumerate().map(move |(i, p)| (name, i, t, p)))
    }

    /// A broker's process dies by itself, and comes back.
    pub fn crash(&mut self, id: i32, away: Seconds) {
        let until = self.now + away;
        if let Some(broker) = self.brokers.get_mut(&id).filter(|b| b.life == Life::Up) {
            broker.life = Life::Crashed(until);
        }
    }

    pub fn pass(&mut self, seconds: Seconds) {
        for _ in 0..seconds {
            self.now += 1;
            self.live();
            self.replicate();
        }
    }

    fn live(&mut self) {
        let (now, wanted) = (self.now, self.replicas);
        let starts = now + self.rng.u64(2..12);
        let mut gone = Vec::new();
        for (id, broker) in &mut self.brokers {
            match broker.life {
                Life::Up if *id >= wanted => broker.life = Life::Ending(now + 3),
                Life::Ending(until) if now >= until => {
                    if *id >= wanted {
                        gone.push(*id);
                        continue;
                    }
                    broker.pod += 1;
                    if broker.claim_ends {
                        (broker.claim, broker.claim_ends) = (broker.claim + 1, false);
                        for partition in self.topics.values_mut().flat_map(|t| &mut t.partitions) {
                            partition.held.remove(id);
                            partition.isr.retain(|in_sync| in_sync != id);
                        }
                    }
                    broker.life = Life::Starting(starts);
                }
                Life::Starting(until) | Life::Crashed(until) if now >= until => broker.life = Life::Up,
                _ => {}
            }
        }
        for id in gone {
            self.brokers.remove(&id);
        }
        let fresh =
            Broker { life: Life::Starting(starts), pod: 0, claim: 0, claim_ends: false, rates: [None; 2] };
        // One after another, as a StatefulSet makes them.
        let next = (0..wanted).find(|id| !self.brokers.contains_key(id));
        if let Some(id) = next.filter(|_| self.brokers.values().all(|b| b.life == Life::Up)) {
            self.brokers.insert(id, fresh);
        }
        if !self.is_up(self.controller)
            && let Some(id) = self.brokers.keys().copied().find(|id| self.is_up(*id))
        {
            self.controller = id;
        }
    }

    fn replicate(&mut self) {
        let up: BTreeSet<i32> = self.brokers.keys().copied().filter(|id| self.is_up(*id)).collect();
        let rates: BTreeMap<i32, [Option<u64>; 2]> =
            self.brokers.iter().map(|(id, b)| (*id, b.rates)).collect();
        for topic in self.topics.values_mut() {
            let configs = topic.configs.clone();
            for (index, p) in topic.partitions.iter_mut().enumerate() {
                // Whoever is away falls out of the ISR, but for the last.
                if p.isr.iter().any(|id| up.contains(id)) {
                    let bytes = p.bytes;
                    for id in p.isr.iter().filter(|id| !up.contains(id)) {
                        p.held.insert(*id, bytes - (1 << 20));
                    }
                    p.isr.retain(|id| up.contains(id));
                }
                if p.leader.is_none_or(|id| !p.isr.contains(&id) || !up.contains(&id)) {
                    p.leader = p.replicas.iter().copied().find(|id| p.isr.contains(id) && up.contains(id));
                }
                let Some(leader) = p.leader else { continue };
                let out = |id: &i32| !p.isr.contains(id) && up.contains(id);
                let behind: Vec<i32> = p.replicas.iter().copied().filter(out).collect();
                for id in behind {
                    let throttled = |side: usize, of: i32| {
                        let list = configs.get(REPLICAS[side]).map_or("", |list| list);
                        let named = list.split(',').any(|w| w == "*" || w == format!("{index}:{of}"));
                        named.then(|| rates.get(&of).and_then(|r| r[side])).flatten()
                    };
                    let limits = [throttled(0, leader), throttled(1, id)];
                    let speed = limits.into_iter().flatten().min().unwrap_or(SPEED).min(SPEED);
                    let held = p.held.entry(id).or_default();
                    *held += speed;
                    if *held >= p.bytes {
                        p.isr.push(id);
                        p.held.remove(&id);
                    }
                }
                if let Some((_, to)) =
                    p.moving.clone().filter(|(_, to)| to.iter().all(|id| p.isr.contains(id)))
                {
                    p.settle(to);
                }
            }
        }
    }

    /// Does what is written, or refuses it as the servers would.
    pub fn write(&mut self, write: &Write) -> Said {
        match self.try_write(write) {
            Ok(()) => Said::Taken("taken".into()),
            Err(why) => Said::Refused(why.into()),
        }
    }

    fn try_write(&mut self, write: &Write) -> Result<(), String> {
        let now = self.now;
        match write {
            Write::Evict { pod, uid } | Write::Delete { pod, uid } => {
                let grace = self.rng.u64(1..5);
                let id = ordinal(&pod.name)?;
                let broker = self.brokers.get_mut(&id).ok_or("there is no such pod")?;
                if **uid != *pod_uid(id, broker.pod) {
                    return Err("the UID in the precondition does not match".into());
                }
                if !matches!(broker.life, Life::Ending(_)) {
                    broker.life = Life::Ending(now + grace);
                }
            }
            Write::DeleteClaim { claim, uid } => {
                let id = ordinal(&claim.name)?;
                let broker = self.brokers.get_mut(&id).ok_or("there is no such claim")?;
                if **uid != *claim_uid(id, broker.claim) {
                    return Err("the UID in the precondition does not match".into());
                }
                broker.claim_ends = true;
            }
            Write::Scale { resource_version, replicas, .. } => {
                if **resource_version != *self.generation.to_string() {
                    return Err("the object has been modified".into());
                }
                (self.replicas, self.generation) = (*replicas, self.generation + 1);
            }
            Write::Cordon { node, on, .. } => {
                let node = node.to_string();
                if *on {
                    self.cordoned.insert(node)
                } else {
                    self.cordoned.remove(&node)
                };
            }
            Write::Reassign { partitions, .. } => {
                for a in partitions {
                    let to = a.replicas.as_ref().map(|ids| ids.iter().map(|id| id.0).collect::<Vec<_>>());
                    let brokers: BTreeSet<i32> = self.brokers.keys().copied().collect();
                    let p = self.partition(&a.topic, a.partition)?;
                    match to {
                        Some(to) if !to.iter().all(|id| brokers.contains(id)) => {
                            return Err("a broker is not registered".into());
                        }
                        Some(to) => p.begin_move(to),
                        None => p.cancel()?,
                    }
                }
            }
            Write::Elect { partitions, .. } => {
                for (topic, index) in partitions {
                    let p = self.partition(topic, *index)?;
                    if let Some(first) = p.replicas.first().copied().filter(|id| p.isr.contains(id)) {
                        p.leader = Some(first);
                    }
                }
            }
            Write::Configure { changes, .. } => {
                for change in changes {
                    match &change.of {
                        ConfigOf::Broker(BrokerId(id)) => {
                            self.configure_broker(*id, &change.name, &change.how)?
                        }
                        ConfigOf::Topic(name) => {
                            let topic = self.topics.get_mut(&**name).ok_or("there is no such topic")?;
                            configure(&mut topic.configs, &change.name, &change.how);
                        }
                    }
                }
            }
            other => return Err(format!("this cluster does not know {other:?}")),
        }
        Ok(())
    }

    fn partition(&mut self, topic: &str, index: i32) -> Result<&mut Partition, String> {
        let topic = self.topics.get_mut(topic).ok_or("there is no such topic")?;
        topic.partitions.get_mut(index as usize).ok_or_else(|| "there is no such partition".into())
    }

    fn configure_broker(&mut self, id: i32, name: &str, how: &ConfigHow) -> Result<(), String> {
        if !self.is_up(id) {
            return Err("that broker does not answer".into());
        }
        let side =
            [LEADER_RATE, FOLLOWER_RATE].iter().position(|rate| *rate == name).ok_or("unknown config")?;
        let value = match how {
            ConfigHow::Set(value) => Some(value.parse().map_err(|_| "not a number".to_string())?),
            _ => None,
        };
        self.brokers.get_mut(&id).ok_or("there is no such broker")?.rates[side] = value;
        Ok(())
    }

    /// Every throttle that is set anywhere, in words.
    pub fn throttles(&self) -> Vec<String> {
        let rates = self.brokers.iter().filter(|(_, b)| b.rates != [None; 2]);
        let lists = self
            .topics
            .iter()
            .flat_map(|(name, t)| t.configs.iter().map(move |(k, v)| format!("{name} {k}={v}")));
        rates.map(|(id, b)| format!("broker {id} {:?}", b.rates)).chain(lists).collect()
    }
}

impl Partition {
    fn begin_move(&mut self, to: Vec<i32>) {
        let from = self.moving.take().map_or_else(|| self.replicas.clone(), |(from, _)| from);
        if from == to {
            return self.settle(to);
        }
        let mut all = to.clone();
        all.extend(from.iter().copied().filter(|id| !to.contains(id)));
        (self.replicas, self.moving) = (all, Some((from, to)));
    }

    fn cancel(&mut self) -> Result<(), String> {
        let (from, _) = self.moving.clone().ok_or("it is not being reassigned")?;
        if !self.isr.iter().any(|id| from.contains(id)) {
            return Err("cancelling it would need an unclean election".into());
        }
        self.settle(from);
        Ok(())
    }

    fn settle(&mut self, to: Vec<i32>) {
        self.isr.retain(|id| to.contains(id));
        self.held.retain(|id, _| to.contains(id));
        if self.leader.is_some_and(|id| !to.contains(&id)) {
            self.leader = to.iter().copied().find(|id| self.isr.contains(id));
        }
        (self.replicas, self.moving) = (to, None);
    }
}

fn configure(configs: &mut BTreeMap<String, String>, name: &str, how: &ConfigHow) {
    let words =
        |list: &str| -> Vec<String> { list.split(',').filter(|w| !w.is_empty()).map(String::from).collect() };
    let mut list = words(configs.get(name).map_or("", |list| list));
    match how {
        ConfigHow::Set(value) => drop(configs.insert(name.into(), value.clone())),
        ConfigHow::Remove => drop(configs.remove(name)),
        ConfigHow::Append(value) => {
            for word in words(value) {
                if !list.contains(&word) {
                    list.push(word);
                }
            }
            configs.insert(name.into(), list.join(","));
        }
        ConfigHow::Subtract(value) => {
            let taken = words(value);
            list.retain(|word| !taken.contains(word));
            configs.insert(name.into(), list.join(","));
        }
    }
}

pub fn pod_uid(id: i32, nth: u32) -> String {
    format!("pod-{id}-{nth}")
}

pub fn claim_uid(id: i32, nth: u32) -> String {
    format!("claim-{id}-{nth}")
}

fn ordinal(name: &str) -> Result<i32, String> {
    name.rsplit('-').next().and_then(|n| n.parse().ok()).ok_or_else(|| format!("{name} is no broker's"))
}
