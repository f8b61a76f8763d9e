//! Brokers made alike: bytes, replicas and preferred leaders of each within a threshold of the mean.
//!
//! What costs bytes comes first: again and again the move that takes away the most imbalance for its bytes, until
//! every broker is within the threshold or no move helps. Racks are kept, no disk passes its limit, and nothing
//! becomes worse than it was and is beyond the threshold. What turned out to be needless is taken back. Then
//! leaders are made alike by the order of replicas, which costs nothing.

mod exchange;
mod leaders;

use super::planner::{Change, Part, Site};
use crate::domain::{Text, kafka::BrokerId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The furthest that a broker is from the mean, as a share of the mean.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spread {
    pub bytes: f64,
    pub replicas: f64,
    pub leaders: f64,
}

/// What makes brokers alike, and how much.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Balanced {
    pub changes: Vec<Change>,
    pub before: Spread,
    pub after: Spread,
}

/// Even of an empty partition a move costs something. Bytes.
const OVERHEAD: f64 = (1 << 20) as f64;
/// Less imbalance than this is none.
const HARDLY: f64 = 1e-9;
/// So many replicas are compared before the best of them is moved.
const LOOK: usize = 256;
/// So many are looked at for those: where none of these may move, hardly any other of their kind may.
const SCAN: usize = 1_000;
/// As long as moves of the same kind are worth so much of the first, no other kind is looked for.
const ALIKE: f64 = 0.9;

const BYTES: usize = 0;
const REPLICAS: usize = 1;
const LEADERS: usize = 2;

type Loads = [f64; 3];

/// What is aimed at (`low` to `high`), and what is not left, for it was not worse before.
#[derive(Debug, Clone, Copy)]
struct Band {
    mean: f64,
    low: f64,
    high: f64,
    least: f64,
    most: f64,
}

impl Band {
    /// Of replicas and leaders there are only whole ones.
    fn of(loads: &[f64], threshold: f64, whole: bool) -> Band {
        let mean = loads.iter().sum::<f64>() / loads.len().max(1) as f64;
        let (low, high) = (mean * (1.0 - threshold), mean * (1.0 + threshold));
        let (low, high) = if whole { ((low + HARDLY).floor(), (high - HARDLY).ceil()) } else { (low, high) };
        let least = loads.iter().copied().fold(low, f64::min);
        let most = loads.iter().copied().fold(high, f64::max);
        Band { mean, low, high, least, most }
    }

    /// How far outside, as a share of the mean.
    fn off(&self, load: f64) -> f64 {
        (load - self.high).max(self.low - load).max(0.0) / self.mean.max(f64::MIN_POSITIVE)
    }
}

/// A kind of move: from, to, and the size in powers of two.
type Kind = (usize, usize, u32);

pub struct Balance<'a> {
    /// In the order of their ids; those that take part are alike in the end.
    sites: Vec<Site>,
    threshold: f64,
    parts: &'a [Part<'a>],
    movable: Vec<bool>,
    loads: Vec<Loads>,
    bands: [Band; 3],
    /// Partitions whose replicas are no more what they were.
    changed: HashMap<usize, Vec<BrokerId>>,
    /// The partitions with a replica on a broker, by size.
    on: BTreeMap<(usize, u32), Vec<usize>>,
    /// No move of these kinds was found.
    vain: BTreeSet<Kind>,
    /// How many partitions of a kind were looked at in vain.
    passed: HashMap<Kind, usize>,
}

fn magnitude(bytes: u64) -> u32 {
    bytes.checked_ilog2().unwrap_or(0)
}

impl<'a> Balance<'a> {
    /// Brokers that may take replicas are made alike, by moving partitions of which `moves` holds. All parts are
    /// looked at, for they all are load.
    pub fn new(
        mut sites: Vec<Site>,
        parts: &'a [Part<'a>],
        threshold: f64,
        moves: impl Fn(&Part<'_>) -> bool,
    ) -> Balance<'a> {
        sites.sort_by_key(|site| site.id);
        let mut balance = Balance {
            loads: vec![[0.0; 3]; sites.len()],
            movable: parts.iter().map(|part| part.bytes.is_some() && moves(part)).collect(),
            sites,
            threshold,
            parts,
            bands: [Band { mean: 0.0, low: 0.0, high: 0.0, least: 0.0, most: 0.0 }; 3],
            changed: HashMap::new(),
            on: BTreeMap::new(),
            vain: BTreeSet::new(),
            passed: HashMap::new(),
        };
        for part in 0..parts.len() {
            balance.count(part);
        }
        balance.bands = [BYTES, REPLICAS, LEADERS].map(|m| {
            let loads: Vec<f64> = balance.members().map(|at| balance.loads[at][m]).collect();
            Band::of(&loads, balance.threshold, m != BYTES)
        });
        balance
    }

    pub fn plan(mut self) -> Balanced {
        let before = self.spread();
        loop {
            self.move_replicas();
            // After an exchange a mere move may help again.
            if !self.exchange_replicas() {
                break;
            }
        }
        self.take_back();
        self.order_leaders();
        let after = self.spread();
        let change = |(at, to): (usize, Vec<BrokerId>)| {
            let part = &self.parts[at];
            let from = part.partition.replicas.to_vec();
            let (topic, partition) = (part.topic.clone(), part.partition.index);
            (from != to).then_some((at, Change { topic, partition, from, to, bytes: part.bytes }))
        };
        let mut changes: Vec<(usize, Change)> = self.changed.into_iter().filter_map(change).collect();
        changes.sort_by_key(|(at, _)| *at);
        Balanced { changes: changes.into_iter().map(|(_, change)| change).collect(), before, after }
    }

    fn count(&mut self, part: usize) {
        let Part { partition, bytes, .. } = self.parts[part];
        for (nth, id) in partition.replicas.iter().enumerate() {
            let Some(at) = self.at(*id) else { continue };
            self.loads[at][BYTES] += bytes.unwrap_or(0) as f64;
            self.loads[at][REPLICAS] += 1.0;
            self.loads[at][LEADERS] += f64::from(u8::from(nth == 0));
            if self.movable[part] && self.sites[at].takes {
                self.on.entry((at, magnitude(bytes.unwrap_or(0)))).or_default().push(part);
            }
        }
    }

    fn at(&self, id: BrokerId) -> Option<usize> {
        self.sites.binary_search_by_key(&id, |site| site.id).ok()
    }

    fn members(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.sites.len()).filter(|at| self.sites[*at].takes)
    }

    fn spread(&self) -> Spread {
        let [bytes, replicas, leaders] = [BYTES, REPLICAS, LEADERS].map(|m| {
            let mean = self.bands[m].mean;
            let off = self.members().map(|at| (self.loads[at][m] - mean).abs());
            if mean > 0.0 { off.fold(0.0, f64::max) / mean } else { 0.0 }
        });
        Spread { bytes, replicas, leaders }
    }

    fn replicas(&self, part: usize) -> &[BrokerId] {
        self.changed.get(&part).map_or(&self.parts[part].partition.replicas, |now| now)
    }

    fn bytes(&self, part: usize) -> f64 {
        self.parts[part].bytes.unwrap_or(0) as f64
    }

    fn imbalance(&self, bytes: f64, replicas: f64) -> f64 {
        self.bands[BYTES].off(bytes).powi(2) + self.bands[REPLICAS].off(replicas).powi(2)
    }

    /// How much less imbalance there is once a replica of so many bytes has moved.
    fn gain(&self, from: usize, to: usize, bytes: f64) -> f64 {
        let ([a, na, _], [b, nb, _]) = (self.loads[from], self.loads[to]);
        let before = self.imbalance(a, na) + self.imbalance(b, nb);
        let after = self.imbalance(a - bytes, na - 1.0) + self.imbalance(b + bytes, nb + 1.0);
        before - after
    }

    /// The same for each of its bytes; 0 where it is hardly any.
    fn worth(&self, from: usize, to: usize, bytes: f64) -> f64 {
        let gain = self.gain(from, to, bytes);
        if gain > HARDLY { gain / (bytes + OVERHEAD) } else { 0.0 }
    }

    fn move_replicas(&mut self) {
        loop {
            let mut moved = false;
            while let Some(kind) = self.best_kind() {
                match self.move_some(kind) {
                    true => moved = true,
                    false => drop(self.vain.insert(kind)),
                }
            }
            // What was in vain may not be so after other moves.
            if !moved {
                return;
            }
            self.vain.clear();
        }
    }

    /// The kind of move that is worth the most.
    fn best_kind(&self) -> Option<Kind> {
        let off = |at: usize, over: bool| {
            let [bytes, replicas, _] = self.loads[at];
            let beyond = |m: usize, load: f64| match over {
                true => load > self.bands[m].high,
                false => load < self.bands[m].low,
            };
            beyond(BYTES, bytes) || beyond(REPLICAS, replicas)
        };
        let under: Vec<usize> = self.members().filter(|at| off(*at, false)).collect();
        let all: Vec<usize> = self.members().collect();
        let mut best: Option<(f64, Kind)> = None;
        for ((from, size), _) in self.on.iter().filter(|(_, parts)| !parts.is_empty()) {
            // Who has too much may give to all, and who has too little may get from all.
            let targets = if off(*from, true) { &all } else { &under };
            for to in targets.iter().copied().filter(|to| to != from) {
                let kind = (*from, to, *size);
                let worth = self.worth(*from, to, (1_u64 << size) as f64);
                let better = worth > best.map_or(0.0, |(most, _)| most);
                if better && !self.vain.contains(&kind) {
                    best = Some((worth, kind));
                }
            }
        }
        best.map(|(_, kind)| kind)
    }

    /// Moves the best replicas of a kind as long as they are worth it; whether there was any.
    fn move_some(&mut self, (from, to, size): Kind) -> bool {
        let all = self.on.get(&(from, size)).map_or(0, Vec::len);
        let passed = self.passed.get(&(from, to, size)).copied().filter(|passed| *passed < all).unwrap_or(0);
        let some = self.some((from, size), passed, |part| self.may_move(part, from, to));
        let first = some.first().map_or(passed + SCAN, |(nth, _)| *nth);
        self.passed.insert((from, to, size), first);
        let worth = |part: usize| self.worth(from, to, self.bytes(part));
        let weighed = |(_, part): (usize, usize)| (worth(part), self.leads(part, from), part);
        let mut some: Vec<(f64, bool, usize)> = some.into_iter().map(weighed).collect();
        // Of equal ones those that do not move a leader.
        some.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let first = some.first().map_or(0.0, |(worth, ..)| *worth);
        let mut moved = BTreeSet::new();
        for (_, _, part) in some {
            let worth = self.worth(from, to, self.bytes(part));
            if worth <= 0.0 || worth < first * ALIKE || !self.may_move(part, from, to) {
                break;
            }
            self.shift(part, from, to);
            moved.insert(part);
        }
        self.rehouse(&moved, (from, size), to);
        !moved.is_empty()
    }

    /// Some of the partitions of a size on a broker, of which this holds, each with its place; from one on.
    fn some(&self, on: (usize, u32), from: usize, holds: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
        let parts = self.on.get(&on).map_or(&[][..], |parts| parts);
        let parts = parts.iter().copied().enumerate().skip(from).take(SCAN);
        parts.filter(|(_, part)| holds(*part)).take(LOOK).collect()
    }

    /// Whether a broker is the preferred leader.
    fn leads(&self, part: usize, at: usize) -> bool {
        self.replicas(part).first() == Some(&self.sites[at].id)
    }

    /// Of these partitions a replica is on another broker now.
    fn rehouse(&mut self, moved: &BTreeSet<usize>, (from, size): (usize, u32), to: usize) {
        if let Some(parts) = self.on.get_mut(&(from, size)).filter(|_| !moved.is_empty()) {
            parts.retain(|part| !moved.contains(part));
            self.on.entry((to, size)).or_default().extend(moved);
        }
    }

    /// Whether a replica may go there: it fits, and nothing gets worse than it was.
    fn may_move(&self, part: usize, from: usize, to: usize) -> bool {
        let leads = f64::from(u8::from(self.leads(part, from)));
        self.within(BYTES, from, to, self.bytes(part))
            && self.within(REPLICAS, from, to, 1.0)
            && self.within(LEADERS, from, to, leads)
            && self.fits(part, from, to)
    }

    /// Whether so much may go from one broker to the other.
    fn within(&self, m: usize, from: usize, to: usize, by: f64) -> bool {
        let (band, gets, gives) = (&self.bands[m], self.loads[to][m] + by, self.loads[from][m] - by);
        by == 0.0 || (gets <= band.most && gives >= band.least)
    }

    /// It is not there yet, there is room, and the racks are kept.
    fn fits(&self, part: usize, from: usize, to: usize) -> bool {
        let (replicas, source, target) = (self.replicas(part), &self.sites[from], &self.sites[to]);
        !replicas.contains(&target.id)
            && target.room.is_none_or(|room| self.bytes(part) <= room.left as f64)
            && self.keeps_racks(replicas, source, target)
    }

    fn keeps_racks(&self, replicas: &[BrokerId], source: &Site, target: &Site) -> bool {
        if source.rack == target.rack {
            return true;
        }
        let others = replicas.iter().filter(|id| **id != source.id);
        let racks: Vec<Option<&Text>> =
            others.map(|id| self.at(*id).and_then(|at| self.sites[at].rack.as_ref())).collect();
        // It leaves no rack that only it is in for one that another is in.
        racks.contains(&source.rack.as_ref()) || !racks.contains(&target.rack.as_ref())
    }

    /// Puts one broker in another's place in a partition's list.
    fn shift(&mut self, part: usize, from: usize, to: usize) {
        let (out, fresh) = (self.sites[from].id, self.sites[to].id);
        let mut now = self.replicas(part).to_vec();
        let Some(nth) = now.iter().position(|id| *id == out) else { return };
        now[nth] = fresh;
        let by = [self.bytes(part), 1.0, f64::from(u8::from(nth == 0))];
        for (m, by) in by.into_iter().enumerate() {
            self.loads[from][m] -= by;
            self.loads[to][m] += by;
        }
        // The disk of the broker that gives it up is free only when the move has ended.
        let was = &self.parts[part].partition.replicas;
        let (came_back, had_come) = (was.contains(fresh), !was.contains(out));
        let bytes = self.parts[part].bytes.unwrap_or(0);
        if !came_back && let Some(room) = &mut self.sites[to].room {
            *room = room.less(bytes);
        }
        if had_come && let Some(room) = &mut self.sites[from].room {
            *room = room.more(bytes);
        }
        self.changed.insert(part, now);
    }

    /// Puts back what need not have moved, the largest first.
    fn take_back(&mut self) {
        let mut parts: Vec<usize> = self.changed.keys().copied().collect();
        parts.sort_by_key(|part| (std::cmp::Reverse(self.parts[*part].bytes), *part));
        for part in parts {
            let was = &self.parts[part].partition.replicas;
            let now = self.replicas(part).to_vec();
            let moves: Vec<(usize, usize)> = now
                .iter()
                .zip(was.iter())
                .filter(|(now, was)| now != was)
                .filter_map(|(now, was)| Some((self.at(*now)?, self.at(*was)?)))
                .collect();
            if let [(from, to)] = moves[..]
                && self.gain(from, to, self.bytes(part)) >= -HARDLY
                && self.may_move(part, from, to)
            {
                self.shift(part, from, to);
            }
        }
    }
}
