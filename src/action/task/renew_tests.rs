use super::*;
use crate::{
    action::task::{
        Task,
        sim::{End, Sim},
    },
    domain::kubernetes::{KubernetesDelta, TableDelta},
};
use proptest::prelude::*;

const ONE: BrokerId = BrokerId(1);

fn claim() -> Key {
    Key::new("kafka", "data-kafka-1")
}

fn renew(sim: &Sim, disk: bool) -> Task {
    let meta = &sim.pod(ONE).unwrap().meta;
    let uid = &sim.snapshot.kubernetes.claims.get(&claim()).unwrap().meta.uid;
    let old = Old { pod: meta.key.clone(), uid: meta.uid.clone(), broker: ONE, strimzi: false };
    Renew { old, claims: if disk { vec![(claim(), uid.clone())] } else { vec![] } }.into()
}

fn waits(next: Next) -> String {
    match next {
        Next::Wait(wait) => wait.words,
        other => panic!("{other:?}"),
    }
}

fn uid(sim: &Sim) -> Option<Text> {
    sim.snapshot.kubernetes.claims.get(&claim()).map(|claim| claim.meta.uid.clone())
}

#[test]
fn the_claim_is_deleted_before_the_pod_and_both_are_made_again() {
    let mut sim = Sim::default();
    let (task, before) = (renew(&sim, true), uid(&sim));
    assert_eq!(sim.run(&task, false, |_, _| {}), End::Done);
    assert!(matches!(&sim.writes[..], [Write::DeleteClaim { .. }, Write::Evict { .. }]), "{:?}", sim.writes);
    assert!(uid(&sim).is_some() && uid(&sim) != before);
    assert_eq!(sim.made[&Sim::key(ONE)], 1);
    let mut sim = Sim::default();
    let (task, before) = (renew(&sim, false), uid(&sim));
    assert_eq!(sim.run(&task, false, |_, _| {}), End::Done);
    assert!(matches!(&sim.writes[..], [Write::Evict { .. }]) && uid(&sim) == before);
}

#[test]
fn a_volume_with_the_only_replica_in_sync_of_anything_is_never_deleted() {
    let mut sim = Sim::default();
    let task = renew(&sim, true);
    let only = |sim: &mut Sim| {
        sim.change_topics(|topic, p| {
            if &**topic == "orders" && p.index == 0 {
                p.isr = [ONE].into_iter().collect();
                p.leader = Some(ONE);
            }
        });
    };
    only(&mut sim);
    let words = "another replica in sync of orders-0: broker 1 has the only one, and it would be lost";
    assert_eq!(waits(sim.next(&task)), words);
    // Nor is its pod ended when that befalls it between the two.
    let mut sim = Sim::default();
    let Next::Do(step) = sim.next(&task) else { panic!() };
    sim.perform(&step.write);
    only(&mut sim);
    assert_eq!(waits(sim.next(&task)), words);
    // Offline with nobody else in sync: it is the volume that has the data.
    let mut sim = Sim::default();
    sim.change_topics(|topic, p| {
        if &**topic == "orders" && p.replicas.contains(ONE) {
            (p.isr, p.leader) = ([ONE].into_iter().collect(), None);
        }
    });
    assert!(waits(sim.next(&task)).contains("it would be lost"));
}

#[test]
fn what_is_waited_for_is_what_a_rolling_restart_waits_for() {
    let mut sim = Sim::default();
    let task = renew(&sim, true);
    sim.drop_out(BrokerId(2));
    sim.lagging.insert(BrokerId(2));
    assert!(waits(sim.next(&task)).starts_with("without broker 1"));
    assert!(matches!(sim.run(&task, false, |_, _| {}), End::Waits(_)) && sim.writes.is_empty());
}

#[test]
fn a_pod_that_was_made_before_its_claim_had_gone_is_made_once_more() {
    let mut sim = Sim::default();
    let task = renew(&sim, true);
    sim.broken.insert(Sim::key(ONE));
    let mut taken = false;
    let end = sim.run(&task, false, |sim, step| {
        let at = sim.now;
        if step.is_none() && !taken && sim.made.contains_key(&Sim::key(ONE)) {
            taken = true;
            sim.apply(KubernetesDelta::Claims(TableDelta::Remove { key: claim(), at }));
        }
        if step.is_some_and(|step| matches!(step.write, Write::Delete { .. })) {
            sim.broken.clear();
        }
    });
    assert_eq!(end, End::Done);
    assert_eq!(sim.made[&Sim::key(ONE)], 2);
    assert!(uid(&sim).is_some());
}

#[test]
fn what_is_being_deleted_cannot_be_kept_so_an_abort_brings_it_to_its_end() {
    let mut sim = Sim::default();
    let task = renew(&sim, true);
    assert_eq!(sim.ask(&[], |at| task.part().undo(at)), Next::Done);
    let Next::Do(step) = sim.next(&task) else { panic!() };
    sim.perform(&step.write);
    assert!(waits(sim.ask(&[], |at| task.part().hold(at))).contains("goes as soon as its pod does"));
    assert_eq!(sim.run(&task, true, |_, _| {}), End::Done);
    assert!(sim.serves(ONE) && uid(&sim) != uid(&Sim::default()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// Whoever restarts the pod meanwhile, and whoever falls behind: in the end pod and claim are others, and no
    /// claim was deleted, nor its pod ended, that had the only replica in sync of anything.
    #[test]
    fn from_any_state_both_are_renewed_and_nothing_is_lost(
        ended in prop::bool::ANY,
        deleted in prop::bool::ANY,
        ticks in 0..6,
        harm in prop::collection::vec((0..30_u32, 0..3), 0..4),
    ) {
        let mut sim = Sim::default();
        let (task, before, pod) = (renew(&sim, true), uid(&sim), sim.pod(ONE).unwrap().meta.uid.clone());
        if deleted {
            let uid = before.clone().unwrap();
            sim.perform(&Write::DeleteClaim { claim: claim(), uid });
        }
        if ended {
            sim.end(&Sim::key(ONE));
        }
        (0..ticks).for_each(|_| sim.tick());
        let (mut at, mut back) = (0, Vec::new());
        let end = sim.run(&task, false, |sim, step| {
            let takes = step.is_some_and(|s| matches!(s.write, Write::Evict { .. } | Write::DeleteClaim { .. }));
            let parts = sim.snapshot.kafka.topics.values().flat_map(|topic| &topic.partitions);
            let alone = parts.filter(|p| p.replicas.contains(ONE) && !p.isr.iter().any(|id| *id != ONE)).count();
            assert!(!takes || alone == 0, "{step:?} loses {alone}");
            at += 1;
            for (_, id) in back.extract_if(.., |(until, _)| *until <= at) {
                sim.lagging.remove(&id);
            }
            for (_, id) in harm.iter().filter(|(when, _)| *when == at && step.is_none()) {
                sim.lagging.insert(BrokerId(*id));
                sim.drop_out(BrokerId(*id));
                back.push((at + 6, BrokerId(*id)));
            }
        });
        prop_assert_eq!(end, End::Done);
        prop_assert!(uid(&sim).is_some() && uid(&sim) != before);
        prop_assert!(sim.serves(ONE) && sim.pod(ONE).unwrap().meta.uid != pod);
    }
}
