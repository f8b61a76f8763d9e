//! Where replicas go: the least bytes moved, as many racks as possible, and no disk past its limit.
//!
//! Each partition keeps what it may keep. What it must give up is replaced, a rack that it is not in yet
//! coming first, and of equal brokers the emptiest. Large partitions choose first, while there is room; where
//! there is none, a new replica of another partition goes elsewhere for it. Then racks are mended, which
//! costs bytes that nobody had to move: small partitions first, so that the room is for as many as possible.

use super::disks::Room;
use crate::domain::{
    Text, human,
    kafka::{Broker, BrokerId, Kafka, Partition, Topic, TopicName},
};
use serde::{Deserialize, Serialize};
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

impl<'a> Part<'a> {
    /// Every partition of a topic.
    pub fn of_topic(
        kafka: &'a Kafka,
        name: &'a TopicName,
        topic: &'a Topic,
    ) -> impl Iterator<Item = Part<'a>> {
        let sizes = kafka.sizes.topic(name);
        let size = |p: i32| usize::try_from(p).ok().and_then(|p| *sizes.get(p)?);
        topic.partitions.iter().map(move |p| Part { topic: name, partition: p, bytes: size(p.index) })
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// After so many searches in vain the disks are taken for full.
const VAIN: usize = 200;

pub struct Planner {
    sites: BTreeMap<BrokerId, Site>,
    /// Also mend what is badly spread over racks and could stay where it is.
    spread: bool,
    /// How many replicas each partition is to have; None: as many as it has.
    factor: Option<usize>,
    /// Searches for room that found none.
    vain: usize,
    /// There was no room to mend all.
    scarce: bool,
}

/// A partition, with its replicas that stay and those that are added.
#[derive(Clone)]
struct Spot<'a> {
    part: &'a Part<'a>,
    kept: Vec<BrokerId>,
    added: Vec<BrokerId>,
}

impl Spot<'_> {
    fn bytes(&self) -> u64 {
        self.part.bytes.unwrap_or(0)
    }

    /// By this sizes are compared, so that a plan stays the same while partitions grow.
    fn magnitude(&self) -> Option<u32> {
        self.bytes().checked_ilog2()
    }

    /// What is more than its magnitude, in 32nds.
    fn fraction(&self) -> u64 {
        self.bytes() >> self.magnitude().unwrap_or(0).saturating_sub(5)
    }

    fn replicas(&self) -> &[BrokerId] {
        &self.part.partition.replicas
    }

    fn all(&self) -> impl DoubleEndedIterator<Item = BrokerId> {
        self.kept.iter().chain(&self.added).copied()
    }

    fn holds(&self, id: BrokerId) -> bool {
        self.all().any(|held| held == id)
    }
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
        Planner {
            sites: sites.into_iter().map(|site| (site.id, site)).collect(),
            spread,
            factor: None,
            vain: 0,
            scarce: false,
        }
    }

    /// With so many replicas of each partition.
    pub fn of_factor(mut self, factor: usize) -> Planner {
        self.factor = Some(factor);
        self
    }

    /// What changes, in the order of `parts`; or why it cannot be done, naming the partitions.
    pub fn plan(mut self, parts: &[Part<'_>]) -> Result<Vec<Change>, String> {
        let keeps = |id: &BrokerId| self.sites.get(id).is_some_and(|site| site.keeps);
        let spot = |part| Spot { part, kept: Vec::new(), added: Vec::new() };
        let mut spots: Vec<Spot<'_>> = parts.iter().map(spot).collect();
        for spot in &mut spots {
            spot.kept = spot.replicas().iter().copied().filter(keeps).collect();
        }
        let mut order: Vec<usize> = (0..spots.len()).collect();
        order.sort_by_key(|i| (Reverse(spots[*i].magnitude()), *i));
        let mut stuck: BTreeMap<usize, String> = BTreeMap::new();
        for at in &order {
            if let Err(why) = self.place(&mut spots, *at) {
                stuck.insert(*at, why);
            }
        }
        let others = stuck.len().saturating_sub(1);
        match stuck.into_values().next() {
            Some(first) if others == 0 => return Err(first),
            Some(first) => {
                let others = human::plural(others, "other partition");
                return Err(format!("{first}; the same holds for {others}"));
            }
            None => {}
        }
        if self.spread {
            self.mend_all(&mut spots, order);
        }
        Ok(spots.into_iter().filter_map(|spot| self.change(spot)).collect())
    }

    /// Replaces what has to go, and makes it as many replicas as there are to be.
    fn place(&mut self, spots: &mut [Spot<'_>], at: usize) -> Result<(), String> {
        let wanted = self.factor.unwrap_or(spots[at].replicas().len());
        while spots[at].kept.len() > wanted {
            let Some(id) = self.spare(&spots[at]) else { break };
            spots[at].kept.retain(|kept| *kept != id);
        }
        let gone: Vec<BrokerId> =
            spots[at].replicas().iter().copied().filter(|id| !spots[at].holds(*id)).collect();
        for id in &gone {
            self.give_up(*id);
        }
        for _ in spots[at].kept.len()..wanted {
            let fresh = self.best(&spots[at], 0, None).or_else(|| self.make_room(spots, at, 0));
            let any = fresh.or_else(|| self.best(&spots[at], usize::MAX, None));
            match any.or_else(|| self.make_room(spots, at, usize::MAX)) {
                Some(id) => self.put(&mut spots[at], id),
                None => return Err(self.why(&spots[at])),
            }
        }
        Ok(())
    }

    /// Small partitions first. Only where there is not room for all, it matters how small exactly.
    fn mend_all(&mut self, spots: &mut Vec<Spot<'_>>, mut order: Vec<usize>) {
        let before = (self.sites.clone(), spots.clone());
        order.sort_by_key(|i| (spots[*i].magnitude(), *i));
        order.iter().for_each(|at| while self.mend(spots, *at) {});
        if self.scarce {
            (self.sites, *spots) = before;
            order.sort_by_key(|i| (spots[*i].magnitude(), spots[*i].fraction(), *i));
            order.iter().for_each(|at| while self.mend(spots, *at) {});
        }
    }

    /// Moves a replica whose rack holds another one to a rack without. Whether there was one to move.
    fn mend(&mut self, spots: &mut [Spot<'_>], at: usize) -> bool {
        let Some(doubled) = self.doubled(&spots[at]) else { return false };
        let fresh = self.best(&spots[at], 0, None).or_else(|| self.make_room(spots, at, 0));
        let Some(id) = fresh else {
            let full = self.open(&spots[at]).any(|site| self.alike(&spots[at], site.id) == 0);
            self.scarce |= full;
            return false;
        };
        spots[at].kept.retain(|kept| *kept != doubled);
        self.give_up(doubled);
        self.put(&mut spots[at], id);
        true
    }

    fn rack(&self, id: BrokerId) -> Option<&Text> {
        self.sites.get(&id).and_then(|site| site.rack.as_ref())
    }

    /// How many of the partition's replicas are in that broker's rack.
    fn alike(&self, spot: &Spot<'_>, id: BrokerId) -> usize {
        spot.all().filter(|held| self.rack(*held) == self.rack(id)).count()
    }

    /// The best broker for one more replica, of racks with at most so many of them: in the rack with the
    /// fewest, then on disks that are known, then the emptiest, then the one with the fewest replicas.
    fn best(&self, spot: &Spot<'_>, most: usize, but: Option<BrokerId>) -> Option<BrokerId> {
        let bytes = spot.bytes();
        let fits = |site: &&Site| site.room.is_none_or(|room| bytes <= room.left);
        let free = self.open(spot).filter(|site| Some(site.id) != but).filter(fits);
        let racks: Vec<Option<&Text>> = spot.all().map(|id| self.rack(id)).collect();
        let ranked = free.map(|site| {
            let alike = racks.iter().filter(|rack| **rack == site.rack.as_ref()).count();
            let fill = site.room.map(|room| room.percent(bytes));
            (alike, fill.is_none(), fill.unwrap_or(0), site.replicas, site.id)
        });
        ranked.filter(|(alike, ..)| *alike <= most).min().map(|(.., id)| id)
    }

    /// The brokers that may take one more replica of it, if they have room.
    fn open(&self, spot: &Spot<'_>) -> impl Iterator<Item = &Site> {
        self.sites.values().filter(|site| site.takes && !spot.holds(site.id))
    }

    /// A broker, of racks with at most so many of the partition's replicas, that has room once a new replica
    /// of another partition goes elsewhere, to where that is as well spread. It goes there.
    fn make_room(&mut self, spots: &mut [Spot<'_>], at: usize, most: usize) -> Option<BrokerId> {
        let open = self.open(&spots[at]).map(|site| (self.alike(&spots[at], site.id), site.id));
        let mut open: Vec<(usize, BrokerId)> = open.filter(|(alike, _)| *alike <= most).collect();
        if open.is_empty() || self.vain > VAIN {
            return None;
        }
        open.sort_unstable();
        for (_, id) in open {
            let left = self.sites.get(&id).and_then(|site| site.room).map_or(0, |room| room.left);
            let makes_room = |other: &usize| {
                let spot = &spots[*other];
                *other != at && spot.added.contains(&id) && left + spot.bytes() >= spots[at].bytes()
            };
            let mut others: Vec<usize> = (0..spots.len()).filter(makes_room).collect();
            others.sort_by_key(|other| (spots[*other].magnitude(), *other));
            if others.into_iter().any(|other| self.put_elsewhere(&mut spots[other], id)) {
                return Some(id);
            }
        }
        self.vain += 1;
        None
    }

    /// Whether another broker takes the new replica that was to go there.
    fn put_elsewhere(&mut self, spot: &mut Spot<'_>, from: BrokerId) -> bool {
        spot.added.retain(|id| *id != from);
        let to = self.best(spot, self.alike(spot, from), Some(from));
        match to {
            Some(to) => {
                self.book(from, spot.bytes(), -1);
                self.put(spot, to);
            }
            None => spot.added.push(from),
        }
        to.is_some()
    }

    fn put(&mut self, spot: &mut Spot<'_>, id: BrokerId) {
        spot.added.push(id);
        self.book(id, spot.bytes(), 1);
    }

    /// So many replicas more on a broker, of so many bytes each.
    fn book(&mut self, id: BrokerId, bytes: u64, by: i64) {
        if let Some(site) = self.sites.get_mut(&id) {
            site.replicas += by;
            site.room = site.room.map(|room| if by > 0 { room.less(bytes) } else { room.more(bytes) });
        }
    }

    /// The disk of a broker that gives up a replica is free only when the move has ended.
    fn give_up(&mut self, id: BrokerId) {
        self.book(id, 0, -1);
    }

    /// A replica whose rack holds another of the partition: out of sync before in sync, the last first.
    /// The preferred leader stays.
    fn doubled(&self, spot: &Spot<'_>) -> Option<BrokerId> {
        let preferred = spot.part.partition.preferred_leader();
        let doubles = |id: &&BrokerId| Some(**id) != preferred && self.alike(spot, **id) > 1;
        let candidates = spot.kept.iter().rev().filter(doubles);
        candidates.min_by_key(|id| spot.part.partition.isr.contains(**id)).copied()
    }

    /// The replica that is missed the least: out of sync before in sync, of a rack that another is in before the
    /// only one of its rack, then of the broker with the fullest disks and the most replicas. The preferred leader
    /// stays.
    fn spare(&self, spot: &Spot<'_>) -> Option<BrokerId> {
        let rank = |id: &BrokerId| {
            let site = self.sites.get(id);
            let fill = site.and_then(|site| site.room).map_or(0, |room| room.percent(0));
            let (synced, doubled) = (spot.part.partition.isr.contains(*id), self.alike(spot, *id) > 1);
            (!synced, doubled, fill, site.map_or(0, |site| site.replicas))
        };
        spot.kept.iter().skip(1).copied().max_by_key(rank)
    }

    fn change(&mut self, spot: Spot<'_>) -> Option<Change> {
        if spot.added.is_empty() && spot.kept.len() == spot.replicas().len() {
            return None;
        }
        let part = spot.part;
        let from = part.partition.replicas.to_vec();
        let to = self.order(&from, spot.kept, spot.added);
        for (leads, by) in [(&from, -1), (&to, 1)] {
            if let Some(site) = leads.first().and_then(|id| self.sites.get_mut(id)) {
                site.preferred += by;
            }
        }
        Some(Change {
            topic: part.topic.clone(),
            partition: part.partition.index,
            from,
            to,
            bytes: part.bytes,
        })
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

    /// Why no broker is left for a replica.
    fn why(&self, spot: &Spot<'_>) -> String {
        let part = spot.part;
        let name = format!("{}-{}", part.topic, part.partition.index);
        if self.open(spot).next().is_none() {
            let brokers = self.sites.values().filter(|site| site.takes || spot.holds(site.id)).count();
            let replicas = match self.factor {
                None => format!("has {}", human::plural(part.partition.replicas.len(), "replica")),
                Some(factor) => format!("is to have {}", human::plural(factor, "replica")),
            };
            return format!("{name} {replicas} and only {} may hold one", human::plural(brokers, "broker"));
        }
        let bytes = human::bytes(spot.bytes());
        format!("no broker has room for {name} ({bytes}) below the limit of its disks")
    }
}
