//! Where replicas go: the least bytes moved, as many racks as possible, and no disk past its limit.
//!
//! Each partition keeps what it may keep. What it must give up is replaced, a rack that it is not in yet
//! coming first, and of equal brokers the emptiest. Large partitions choose first, while there is room.

use super::disks::Room;
use crate::domain::{
    Text, human,
    kafka::{Broker, BrokerId, Kafka, Partition, TopicName},
};
use std::{cmp::Reverse, collections::BTreeMap};

/// A broker as the planner sees it.
#[derive(Debug, Clone)]
pub struct Site {
    pub id: BrokerId,
    pub rack: Option<Text>,
    /// Registered now.
    pub up: bool,
    /// New replicas may be put on it.
    pub takes: bool,
    /// Replicas that are on it may stay.
    pub keeps: bool,
    /// None: its disks are not known.
    pub room: Option<Room>,
    pub replicas: i64,
    /// Partitions whose preferred leader it is.
    pub preferred: i64,
}

/// One partition that may be changed.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    pub topic: &'a TopicName,
    pub partition: &'a Partition,
    /// None: its size is not known.
    pub bytes: Option<u64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub topic: TopicName,
    pub partition: i32,
    pub from: Vec<BrokerId>,
    pub to: Vec<BrokerId>,
    pub bytes: Option<u64>,
}

impl Change {
    pub fn added(&self) -> impl Iterator<Item = BrokerId> {
        self.to.iter().copied().filter(|id| !self.from.contains(id))
    }

    pub fn removed(&self) -> impl Iterator<Item = BrokerId> {
        self.from.iter().copied().filter(|id| !self.to.contains(id))
    }
}

pub struct Planner {
    sites: BTreeMap<BrokerId, Site>,
    /// Also mend what is badly spread over racks and could stay where it is.
    spread: bool,
}

impl Site {
    /// Every broker, with room as far as `room` knows it. Those that are away hold replicas, too.
    pub fn all(kafka: &Kafka, room: impl Fn(BrokerId) -> Option<Room>) -> Vec<Site> {
        let site = |b: &Broker| Site {
            id: b.id,
            rack: b.rack.clone(),
            up: b.registered,
            takes: b.registered,
            keeps: true,
            room: room(b.id),
            replicas: i64::from(b.named),
            preferred: i64::from(kafka.census.broker(b.id).preferred),
        };
        kafka.brokers.values().map(site).collect()
    }
}

impl Planner {
    pub fn new(sites: Vec<Site>, spread: bool) -> Planner {
        Planner { sites: sites.into_iter().map(|site| (site.id, site)).collect(), spread }
    }

    /// What changes, in the order of `parts`; or why it cannot be done, naming the partitions.
    pub fn plan(mut self, parts: &[Part<'_>]) -> Result<Vec<Change>, String> {
        let mut order: Vec<usize> = (0..parts.len()).collect();
        // By the size's magnitude, so that a plan stays the same while partitions grow.
        order.sort_by_key(|i| (Reverse(parts[*i].bytes.unwrap_or(0).checked_ilog2()), *i));
        let mut placed: Vec<Option<Change>> = vec![None; parts.len()];
        let mut stuck = Vec::new();
        for i in order {
            match self.place(&parts[i]) {
                Ok(change) => placed[i] = change,
                Err(why) => stuck.push((i, why)),
            }
        }
        stuck.sort_by_key(|(i, _)| *i);
        match stuck.first() {
            None => Ok(placed.into_iter().flatten().collect()),
            Some((_, first)) if stuck.len() == 1 => Err(first.clone()),
            Some((_, first)) => Err(format!(
                "{first}; the same holds for {}",
                human::plural(stuck.len() - 1, "other partition")
            )),
        }
    }

    fn place(&mut self, part: &Part<'_>) -> Result<Option<Change>, String> {
        let from: &[BrokerId] = &part.partition.replicas;
        let mut kept: Vec<BrokerId> = from.iter().copied().filter(|id| self.keeps(*id)).collect();
        let mut added: Vec<BrokerId> = Vec::new();
        while kept.len() + added.len() < from.len() {
            match self.best(part, &kept, &added, false) {
                Some(id) => added.push(id),
                None => return Err(self.why(part, &kept, &added)),
            }
        }
        while let Some((doubled, id)) = self.swap(part, &kept, &added) {
            kept.retain(|k| *k != doubled);
            added.push(id);
        }
        if added.is_empty() {
            return Ok(None);
        }
        let to = self.order(from, kept, added);
        let change = Change {
            topic: part.topic.clone(),
            partition: part.partition.index,
            from: from.to_vec(),
            to,
            bytes: part.bytes,
        };
        self.book(&change);
        Ok(Some(change))
    }

    fn keeps(&self, id: BrokerId) -> bool {
        self.sites.get(&id).is_some_and(|site| site.keeps)
    }

    fn rack(&self, id: BrokerId) -> Option<&Text> {
        self.sites.get(&id).and_then(|site| site.rack.as_ref())
    }

    fn in_rack(&self, rack: Option<&Text>, kept: &[BrokerId], added: &[BrokerId]) -> usize {
        kept.iter().chain(added).filter(|id| self.rack(**id) == rack).count()
    }

    /// The best broker for one more replica: in the rack with the fewest of its replicas, then on disks
    /// that are known, then the emptiest, then the one with the fewest replicas.
    fn best(
        &self,
        part: &Part<'_>,
        kept: &[BrokerId],
        added: &[BrokerId],
        fresh_rack: bool,
    ) -> Option<BrokerId> {
        let bytes = part.bytes.unwrap_or(0);
        let free = |site: &&Site| {
            let fits = site.room.is_none_or(|room| bytes <= room.left);
            site.takes && fits && !kept.contains(&site.id) && !added.contains(&site.id)
        };
        let racks: Vec<Option<&Text>> = kept.iter().chain(added).map(|id| self.rack(*id)).collect();
        let ranked = self.sites.values().filter(free).map(|site| {
            let alike = racks.iter().filter(|rack| **rack == site.rack.as_ref()).count();
            let fill = site.room.map(|room| room.percent(bytes));
            (alike, fill.is_none(), fill.unwrap_or(0), site.replicas, site.id)
        });
        ranked.filter(|(alike, ..)| !fresh_rack || *alike == 0).min().map(|(.., id)| id)
    }

    /// A replica that goes, and a broker of a rack without one that takes its place.
    fn swap(&self, part: &Part<'_>, kept: &[BrokerId], added: &[BrokerId]) -> Option<(BrokerId, BrokerId)> {
        let doubled = self.doubled(part, kept, added).filter(|_| self.spread)?;
        Some((doubled, self.best(part, kept, added, true)?))
    }

    /// A replica whose rack holds another of the partition: out of sync before in sync, the last first.
    /// The preferred leader stays.
    fn doubled(&self, part: &Part<'_>, kept: &[BrokerId], added: &[BrokerId]) -> Option<BrokerId> {
        let doubles = |id: &&BrokerId| self.in_rack(self.rack(**id), kept, added) > 1;
        let preferred = part.partition.preferred_leader();
        let candidates = kept.iter().rev().filter(|id| Some(**id) != preferred).filter(doubles);
        candidates.min_by_key(|id| part.partition.isr.contains(**id)).copied()
    }

    /// Those that stay keep their order. Where the preferred leader goes, the next one follows it, or a new
    /// replica that leads fewer.
    fn order(&self, from: &[BrokerId], mut kept: Vec<BrokerId>, mut added: Vec<BrokerId>) -> Vec<BrokerId> {
        let leads = |id: &BrokerId| self.sites.get(id).map_or(0, |site| site.preferred);
        if kept.first() == from.first() {
            kept.extend(added);
            return kept;
        }
        added.sort_by_key(|id| (leads(id), *id));
        let front = match (kept.first(), added.first()) {
            (Some(next), Some(new)) => leads(new) < leads(next),
            _ => false,
        };
        if front {
            kept.insert(0, added.remove(0));
        }
        kept.extend(added);
        kept
    }

    fn book(&mut self, change: &Change) {
        let bytes = change.bytes.unwrap_or(0);
        for id in change.added() {
            if let Some(site) = self.sites.get_mut(&id) {
                site.replicas += 1;
                site.room = site.room.map(|room| room.less(bytes));
            }
        }
        // The disk of a broker that gives up a replica is free only when the move has ended.
        for id in change.removed() {
            if let Some(site) = self.sites.get_mut(&id) {
                site.replicas -= 1;
            }
        }
        for (leads, by) in [(&change.from, -1), (&change.to, 1)] {
            if let Some(site) = leads.first().and_then(|id| self.sites.get_mut(id)) {
                site.preferred += by;
            }
        }
    }

    /// Why no broker is left for a replica.
    fn why(&self, part: &Part<'_>, kept: &[BrokerId], added: &[BrokerId]) -> String {
        let name = format!("{}-{}", part.topic, part.partition.index);
        let held = |site: &&Site| kept.contains(&site.id) || added.contains(&site.id);
        let others = self.sites.values().filter(|site| site.takes && !held(site)).count();
        if others == 0 {
            let brokers = self.sites.values().filter(|site| site.takes || held(site)).count();
            let replicas = human::plural(part.partition.replicas.len(), "replica");
            return format!(
                "{name} has {replicas} and only {} may hold one",
                human::plural(brokers, "broker")
            );
        }
        let bytes = human::bytes(part.bytes.unwrap_or(0));
        format!("no broker has room for {name} ({bytes}) below the limit of its disks")
    }
}
