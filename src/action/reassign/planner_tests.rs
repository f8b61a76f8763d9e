//! The planner's promises on random clusters, each against a reading of its own.

use super::{
    disks::Room,
    planner::{Change, Part, Planner, Site},
};
use crate::domain::{
    Text,
    kafka::{BrokerId, Partition},
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Brokers as (rack, room), partitions as (replicas, bytes), brokers that go, whether racks are mended.
#[derive(Debug, Clone)]
struct Case {
    brokers: Vec<(u8, Option<u64>)>,
    partitions: Vec<(Vec<usize>, u64)>,
    off: BTreeSet<usize>,
    spread: bool,
}

fn case(most_partitions: usize, roomy: bool) -> impl Strategy<Value = Case> {
    let brokers = (4..9_usize, 1..4_u8).prop_flat_map(move |(n, racks)| {
        let room = if roomy { Just(1 << 40).boxed() } else { (0..400_u64).boxed() };
        proptest::collection::vec((0..racks, proptest::option::weighted(0.9, room)), n)
    });
    brokers.prop_flat_map(move |brokers| {
        let n = brokers.len();
        let ids = Just((0..n).collect::<Vec<usize>>()).prop_shuffle();
        let partition =
            (ids, 1..4_usize, 0..100_u64).prop_map(|(ids, rf, bytes)| (ids[..rf].to_vec(), bytes));
        let partitions = proptest::collection::vec(partition, 1..most_partitions);
        let off = proptest::sample::subsequence((0..n).collect::<Vec<usize>>(), 0..2);
        (Just(brokers), partitions, off, any::<bool>()).prop_map(|(brokers, partitions, off, spread)| Case {
            brokers,
            partitions,
            off: off.into_iter().collect(),
            spread,
        })
    })
}

fn id(i: &usize) -> BrokerId {
    BrokerId(*i as i32)
}

/// Partitions of these replicas and sizes, each of a topic of its own, with its bytes.
pub fn rows(partitions: &[(Vec<usize>, u64)], unit: u64) -> Vec<(Text, Partition, u64)> {
    let row = |(i, (replicas, size)): (usize, &(Vec<usize>, u64))| {
        let ids = || replicas.iter().map(id);
        let partition = Partition {
            index: 0,
            leader: ids().next(),
            epoch: 1,
            replicas: ids().collect(),
            isr: ids().collect(),
            offline: [].into_iter().collect(),
        };
        (Text::from(format!("t{i:03}")), partition, size * unit)
    };
    partitions.iter().enumerate().map(row).collect()
}

pub fn parts(rows: &[(Text, Partition, u64)]) -> Vec<Part<'_>> {
    rows.iter().map(|(topic, partition, bytes)| Part { topic, partition, bytes: Some(*bytes) }).collect()
}

impl Case {
    fn sites(&self) -> Vec<Site> {
        let site = |(i, (rack, room)): (usize, &(u8, Option<u64>))| Site {
            id: id(&i),
            rack: Some(Text::from(format!("r{rack}"))),
            up: true,
            takes: !self.off.contains(&i),
            keeps: !self.off.contains(&i),
            room: room.map(|left| Room { left, used: 100, total: 1 << 41 }),
            replicas: self.partitions.iter().filter(|(r, _)| r.contains(&i)).count() as i64,
            preferred: self.partitions.iter().filter(|(r, _)| r.first() == Some(&i)).count() as i64,
        };
        self.brokers.iter().enumerate().map(site).collect()
    }

    fn plan(&self) -> Result<Vec<Change>, String> {
        let rows = rows(&self.partitions, 1);
        Planner::new(self.sites(), self.spread).plan(&parts(&rows))
    }

    fn racks(&self, ids: &[usize]) -> usize {
        ids.iter().map(|i| self.brokers[*i].0).collect::<BTreeSet<_>>().len()
    }

    /// Every set of so many brokers that may hold replicas.
    fn placements(&self, rf: usize) -> Vec<Vec<usize>> {
        let free: Vec<usize> = (0..self.brokers.len()).filter(|i| !self.off.contains(i)).collect();
        let sets = (0..1_u32 << free.len()).filter(|set| set.count_ones() as usize == rf);
        sets.map(|set| {
            free.iter().enumerate().filter(|(i, _)| set & (1 << i) != 0).map(|(_, b)| *b).collect()
        })
        .collect()
    }

    /// The least bytes to move for one partition, found by trying every placement: with as many racks as
    /// possible where racks are mended, else with as many as the fewest moves allow.
    fn least(&self, replicas: &[usize], bytes: u64) -> u64 {
        let placements = self.placements(replicas.len());
        let moved = |set: &Vec<usize>| set.iter().filter(|i| !replicas.contains(i)).count() as u64;
        let racks = placements.iter().map(|set| self.racks(set)).max().unwrap_or(0);
        let good = placements.iter().filter(|set| !self.spread || self.racks(set) == racks);
        good.map(moved).min().unwrap_or(0) * bytes
    }
}

fn numbers(ids: &[BrokerId]) -> Vec<usize> {
    ids.iter().map(|id| id.0 as usize).collect()
}

fn moved(changes: &[Change]) -> u64 {
    changes.iter().map(|c| c.bytes.unwrap_or(0) * c.added().count() as u64).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn moves_no_more_than_trying_every_placement_would(case in case(30, true)) {
        let changes = case.plan().expect("room everywhere");
        let least: u64 = case.partitions.iter().map(|(replicas, bytes)| case.least(replicas, *bytes)).sum();
        prop_assert!(moved(&changes) as f64 <= 1.05 * least as f64, "{} > {least}", moved(&changes));
    }

    #[test]
    fn keeps_its_promises_whatever_the_disks(case in case(30, false)) {
        let Ok(changes) = case.plan() else { return Ok(()) };
        let mut incoming: BTreeMap<usize, u64> = BTreeMap::new();
        let rows = rows(&case.partitions, 1);
        for change in &changes {
            let row = rows.iter().find(|(topic, ..)| *topic == change.topic).expect("a known partition");
            let (from, to) = (numbers(&change.from), numbers(&change.to));
            prop_assert_eq!(&numbers(&row.1.replicas), &from);
            prop_assert_eq!(to.len(), from.len(), "as many replicas as before");
            prop_assert_eq!(to.iter().collect::<BTreeSet<_>>().len(), to.len(), "no broker twice: {:?}", to);
            prop_assert!(to.iter().all(|i| !case.off.contains(i)), "nothing stays on what is emptied");
            let stay: Vec<_> = from.iter().filter(|i| to.contains(i)).collect();
            let stayed: Vec<_> = to.iter().filter(|i| from.contains(i)).collect();
            prop_assert_eq!(stay, stayed, "the order of those that stay");
            if !case.off.contains(&from[0]) {
                prop_assert_eq!(to[0], from[0], "the preferred leader stays");
            }
            if from.iter().all(|i| !case.off.contains(i)) {
                prop_assert!(case.racks(&to) > case.racks(&from), "moved for nothing: {:?} -> {:?}", from, to);
            }
            for i in change.added() {
                *incoming.entry(i.0 as usize).or_default() += change.bytes.unwrap_or(0);
            }
        }
        for (i, bytes) in incoming {
            prop_assert!(case.brokers[i].1.is_none_or(|left| bytes <= left), "broker {i} is past its limit");
        }
        // Whoever had a replica on what is emptied is in the plan.
        for (topic, partition, _) in &rows {
            let leaves = partition.replicas.iter().any(|id| case.off.contains(&(id.0 as usize)));
            prop_assert!(!leaves || changes.iter().any(|c| c.topic == *topic));
        }
    }

    #[test]
    fn spreads_over_as_many_racks_as_any_placement_could(mut case in case(30, true)) {
        case.spread = true;
        let changes = case.plan().expect("room everywhere");
        for (i, (replicas, _)) in case.partitions.iter().enumerate() {
            let topic = Text::from(format!("t{i:03}"));
            let changed = changes.iter().find(|c| c.topic == topic);
            let now = changed.map_or_else(|| replicas.clone(), |c| numbers(&c.to));
            let most = case.placements(replicas.len()).iter().map(|set| case.racks(set)).max();
            prop_assert_eq!(Some(case.racks(&now)), most, "{:?} -> {:?}", replicas, now);
        }
    }
}

#[test]
fn many_partitions_are_dealt_out_evenly() {
    let case = Case {
        brokers: (0..8).map(|i| (i % 4, Some(1 << 40))).collect(),
        partitions: (0..400).map(|i| (vec![7, i % 7, (i + 1) % 7], 1)).collect(),
        off: [7].into(),
        spread: false,
    };
    let changes = case.plan().expect("a plan");
    let mut got: BTreeMap<usize, usize> = BTreeMap::new();
    let mut leads: BTreeMap<usize, usize> = BTreeMap::new();
    for change in &changes {
        *got.entry(change.added().next().expect("one added").0 as usize).or_default() += 1;
        *leads.entry(change.to[0].0 as usize).or_default() += 1;
    }
    let (least, most) = (leads.values().min().copied(), leads.values().max().copied());
    assert!(changes.len() == 400 && least >= Some(45) && most <= Some(70), "{leads:?} {got:?}");
}

/// The least bytes for each number of racks in all that can be had, with all that the disks and the wish
/// allow, by trying everything; nothing where nothing is possible.
fn least_by_racks(case: &Case) -> BTreeMap<usize, u64> {
    let option = |(replicas, bytes): &(Vec<usize>, u64)| -> Vec<(usize, u64, Vec<usize>)> {
        let leader_stays = |set: &Vec<usize>| case.off.contains(&replicas[0]) || set.contains(&replicas[0]);
        let placements = case.placements(replicas.len()).into_iter().filter(leader_stays);
        let added = |set: &[usize]| set.iter().copied().filter(|i| !replicas.contains(i)).collect();
        placements.map(|set| (case.racks(&set), *bytes, added(&set))).collect()
    };
    let options: Vec<_> = case.partitions.iter().map(option).collect();
    let mut left: Vec<u64> = case.brokers.iter().map(|(_, room)| room.unwrap_or(u64::MAX)).collect();
    let mut least = BTreeMap::new();
    try_all(&options, &mut left, (0, 0), &mut least);
    least
}

type Options = [Vec<(usize, u64, Vec<usize>)>];

fn try_all(options: &Options, left: &mut [u64], sum: (usize, u64), least: &mut BTreeMap<usize, u64>) {
    let Some((first, rest)) = options.split_first() else {
        let known = least.entry(sum.0).or_insert(sum.1);
        *known = (*known).min(sum.1);
        return;
    };
    for (racks, bytes, added) in first {
        if added.iter().any(|i| left[*i] < *bytes) {
            continue;
        }
        added.iter().for_each(|i| left[*i] -= bytes);
        try_all(rest, left, (sum.0 + racks, sum.1 + bytes * added.len() as u64), least);
        added.iter().for_each(|i| left[*i] += bytes);
    }
}

/// Four or five brokers, most with little room, and up to five partitions.
fn tight(seed: u64) -> Case {
    let mut random = fastrand::Rng::with_seed(seed);
    let racks = random.u8(1..4);
    let room = |random: &mut fastrand::Rng| (random.u8(0..10) > 0).then(|| random.u64(0..150));
    let brokers: Vec<_> = (0..random.usize(4..6)).map(|_| (random.u8(0..racks), room(&mut random))).collect();
    let partitions = (0..random.usize(1..6)).map(|_| {
        let mut ids: Vec<usize> = (0..brokers.len()).collect();
        random.shuffle(&mut ids);
        ids.truncate(random.usize(1..4));
        (ids, random.u64(1..100))
    });
    let partitions = partitions.collect();
    let off = (0..random.usize(0..3)).map(|_| random.usize(0..brokers.len())).take(1).collect();
    Case { brokers, partitions, off, spread: random.bool() }
}

/// Against an exhaustive search on each of 200 small clusters; a seed that fails is named, and another
/// range is tried with `CASTELLAN_SEED`.
#[test]
fn with_tight_disks_no_other_plan_of_as_many_racks_moves_less_and_doing_nothing_is_not_better() {
    let first = std::env::var("CASTELLAN_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0_u64);
    let (mut possible, mut planned, mut full) = (0, 0, Vec::new());
    for seed in first..first + 200 {
        let case = tight(seed);
        let least = least_by_racks(&case);
        possible += usize::from(!least.is_empty());
        let Ok(changes) = case.plan() else {
            full.extend((!least.is_empty()).then_some(seed));
            continue;
        };
        planned += 1;
        let now = |i: usize| {
            let topic = Text::from(format!("t{i:03}"));
            let change = changes.iter().find(|c| c.topic == topic);
            change.map_or_else(|| case.partitions[i].0.clone(), |c| numbers(&c.to))
        };
        let racks: Vec<usize> = (0..case.partitions.len()).map(|i| case.racks(&now(i))).collect();
        let best = least.range(racks.iter().sum::<usize>()..).map(|(_, bytes)| *bytes).min();
        let best = best.unwrap_or_else(|| panic!("seed {seed}: what is planned is not possible: {case:?}"));
        let moves = moved(&changes);
        assert!(moves as f64 <= 1.05 * best as f64, "seed {seed}: {moves} > {best}: {case:?} {changes:?}");
        for (i, (replicas, _)) in case.partitions.iter().enumerate() {
            let stays = replicas.iter().all(|id| !case.off.contains(id));
            assert!(!stays || racks[i] >= case.racks(replicas), "seed {seed}: {i} is worse off: {case:?}");
            assert!(!stays || case.spread || now(i) == *replicas, "seed {seed}: {i} moves for nothing");
        }
    }
    assert!(planned > 100, "{planned} of {possible}");
    // Packing is hard: an exhaustive search may find room where the planner does not, but hardly ever.
    assert!(full.len() * 100 <= possible, "of {possible} no room was found in {full:?}");
}
