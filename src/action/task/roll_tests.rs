use super::*;
use crate::{
    action::task::{
        Elect, Task,
        sim::{End, Sim},
    },
    domain::kafka::Replicas,
    world::kubernetes::{crash, unready, unschedulable},
};
use proptest::prelude::*;

fn ids() -> [BrokerId; 3] {
    [0, 1, 2].map(BrokerId)
}

/// Of brokers as they are now.
fn roll_of(sim: &Sim, ids: &[BrokerId], strimzi: bool) -> Task {
    let old = |id: &BrokerId| {
        let meta = &sim.pod(*id).expect("a pod").meta;
        Old { pod: meta.key.clone(), uid: meta.uid.clone(), broker: *id, strimzi }
    };
    Roll { pods: ids.iter().map(old).collect() }.into()
}

fn roll(sim: &Sim) -> Task {
    roll_of(sim, &ids(), false)
}

/// The brokers whose pods were evicted, or asked to roll, in turn.
fn order(sim: &Sim) -> Vec<i32> {
    let pod = |write: &Write| match write {
        Write::Evict { pod, .. } | Write::Annotate { key: pod, .. } => {
            pod.name.rsplit_once('-')?.1.parse().ok()
        }
        _ => None,
    };
    sim.writes.iter().filter_map(pod).collect()
}

fn waits(next: Next) -> String {
    match next {
        Next::Wait(wait) => wait.words,
        other => panic!("it does not wait: {other:?}"),
    }
}

fn stops(next: Next) -> String {
    match next {
        Next::Stop(words) => words,
        other => panic!("it does not stop: {other:?}"),
    }
}

/// Whom it takes now.
fn takes(next: Next) -> i32 {
    match next {
        Next::Do(step) => step.title.rsplit_once(' ').unwrap().1.parse().unwrap(),
        other => panic!("it takes none: {other:?}"),
    }
}

/// Read from the lists themselves, not from what the task reasons with: nobody else is away, and each partition
/// that has a replica to spare keeps two in sync, which is the min ISR of them all.
fn is_safe(sim: &Sim, id: BrokerId) -> Result<(), String> {
    let kafka = &sim.snapshot.kafka;
    for other in ids().into_iter().filter(|other| *other != id) {
        let here = sim.pod(other).is_some_and(|pod| pod.is_ready() && pod.meta.deleting.is_none());
        if !here || !kafka.brokers[&other].registered {
            return Err(format!("broker {other} is away, too"));
        }
    }
    let away = |p: &&crate::domain::kafka::Partition| {
        let left = p.isr.iter().filter(|other| **other != id).count();
        p.replicas.len() > 2 && p.replicas.contains(id) && left < 2
    };
    match kafka.topics.values().flat_map(|topic| &topic.partitions).find(away) {
        Some(partition) => Err(format!("{partition:?} falls under min ISR")),
        None => Ok(()),
    }
}

fn guard(sim: &Sim, step: Option<&Step>) {
    let Some(step) = step else { return };
    let (Write::Evict { pod, .. } | Write::Annotate { key: pod, .. }) = &step.write else { return };
    let id = BrokerId(pod.name.rsplit_once('-').unwrap().1.parse().unwrap());
    is_safe(sim, id).unwrap_or_else(|why| panic!("{}: {why}", step.title));
}

#[test]
fn each_broker_goes_once_the_active_controller_last() {
    let mut sim = Sim::default();
    sim.lead(Some(BrokerId(2)));
    let task = roll(&sim);
    assert_eq!(sim.run(&task, false, |sim, step| guard(sim, step)), End::Done);
    assert_eq!(order(&sim), [1, 0, 2]);
    assert!(sim.made.values().all(|made| *made == 1) && sim.made.len() == 3);
    assert_eq!(sim.next(&task), Next::Done, "asked again it is still done");
}

#[test]
fn who_is_the_active_controller_is_told_anew_each_time() {
    let mut sim = Sim::default();
    sim.lead(Some(BrokerId(1)));
    let task = roll(&sim);
    let end = sim.run(&task, false, |sim, step| {
        guard(sim, step);
        // As the first one goes, the controller moves to the one that would be the second.
        if step.is_some() && sim.writes.is_empty() {
            sim.lead(Some(BrokerId(0)));
        }
    });
    assert_eq!(end, End::Done);
    assert_eq!(order(&sim), [2, 1, 0]);
}

#[test]
fn who_is_not_ready_goes_first_and_one_that_may_recover_its_logs_is_left_alone() {
    let mut sim = Sim::default();
    let task = roll(&sim);
    let since = |sim: &mut Sim, seconds| {
        let since = sim.now.minus(Duration::from_secs(seconds));
        sim.broken.insert(Sim::key(BrokerId(1)));
        sim.change_pod(&Sim::key(BrokerId(1)), |pod| {
            unready(pod);
            pod.conditions.last_mut().unwrap().since = Some(since);
        });
        sim.drop_out(BrokerId(1));
        sim.hear();
    };
    since(&mut sim, 240);
    assert_eq!(waits(sim.next(&task)), "broker 1 to be Ready: it may be recovering its logs");
    since(&mut sim, 700);
    // It is in no ISR: nothing is lost with it, whatever its partitions have left.
    assert_eq!(takes(sim.next(&task)), 1);
}

#[test]
fn a_pod_that_is_stuck_stops_it_unless_a_newer_revision_awaits_it() {
    let mut sim = Sim::default();
    let task = roll(&sim);
    sim.change_pod(&Sim::key(BrokerId(1)), |pod| {
        crash(pod, 7);
        pod.meta.labels.insert("controller-revision-hash".into(), "kafka-6f".into());
    });
    sim.drop_out(BrokerId(1));
    sim.hear();
    let words = stops(sim.next(&task));
    assert!(words.starts_with("pod kafka/kafka-1 is stuck: CrashLoopBackOff: 7 restarts"), "{words}");
    assert!(words.ends_with("a restart does not help: mend it, then go on"), "{words}");
    sim.change_pod(&Sim::key(BrokerId(1)), |pod| {
        pod.meta.labels.insert("controller-revision-hash".into(), "older".into());
    });
    assert_eq!(takes(sim.next(&task)), 1);
}

#[test]
fn a_pod_that_does_not_come_back_stops_it_with_the_reason() {
    let mut sim = Sim::default();
    let task = roll(&sim);
    sim.broken.insert(Sim::key(BrokerId(2)));
    let mut fell = false;
    let end = sim.run(&task, false, |sim, step| {
        guard(sim, step);
        if step.is_none() && !fell && sim.made.contains_key(&Sim::key(BrokerId(2))) {
            fell = true;
            let since = sim.now;
            sim.change_pod(&Sim::key(BrokerId(2)), |pod| {
                unschedulable(pod);
                pod.conditions[0].since = Some(since);
            });
        }
    });
    let End::Stopped(words) = end else { panic!("{end:?}") };
    let why = "Unschedulable: 0/6 nodes are available: 6 Insufficient memory";
    assert_eq!(words, format!("pod kafka/kafka-2 is stuck: {why}; mend it, then go on"));
    assert_eq!(order(&sim), [2], "the others stay");
    // Somebody mends it, and it goes on to the end.
    sim.broken.clear();
    sim.change_pod(&Sim::key(BrokerId(2)), |pod| {
        let mended = crate::world::kubernetes::broker_pod(2, crate::world::SMALL);
        (pod.conditions, pod.phase) = (mended.conditions, mended.phase);
    });
    assert_eq!(sim.run(&task, false, |sim, step| guard(sim, step)), End::Done);
    assert!(sim.made.values().all(|made| *made == 1));
}

#[test]
fn a_partition_that_could_not_spare_it_is_waited_for_by_name() {
    let mut sim = Sim::default();
    let task = roll_of(&sim, &[BrokerId(0), BrokerId(2)], false);
    sim.lagging.insert(BrokerId(1));
    sim.drop_out(BrokerId(1));
    let words = waits(sim.next(&task));
    assert!(words.starts_with("without broker 2 42 partitions would refuse acks=all: "), "{words}");
    assert!(words.ends_with("broker 1 is out of sync"), "{words}");
    assert!(matches!(sim.run(&task, false, |sim, step| guard(sim, step)), End::Waits(_)));
    assert!(order(&sim).is_empty());
    sim.lagging.clear();
    assert_eq!(sim.run(&task, false, |sim, step| guard(sim, step)), End::Done);
    assert_eq!(order(&sim).len(), 2);
}

#[test]
fn one_that_is_out_of_sync_goes_before_those_that_cannot_be_spared_for_it() {
    let mut sim = Sim::default();
    sim.lead(Some(BrokerId(2)));
    let task = roll(&sim);
    // Its fetchers hang, which a restart mends.
    sim.lagging.insert(BrokerId(0));
    sim.drop_out(BrokerId(0));
    assert_eq!(takes(sim.next(&task)), 0);
}

#[test]
fn partitions_without_a_replica_to_spare_never_block() {
    let mut sim = Sim::default();
    let one = |id: BrokerId| [id].into_iter().collect::<Replicas>();
    sim.change_topics(|topic, p| {
        if &**topic == "clicks" {
            (p.replicas, p.isr, p.leader) = (one(BrokerId(2)), one(BrokerId(2)), Some(BrokerId(2)));
        }
    });
    let task = roll(&sim);
    assert_eq!(sim.run(&task, false, |_, _| {}), End::Done);
}

#[test]
fn budgets_are_waited_for_and_two_of_them_are_the_operators() {
    let mut sim = Sim::default();
    let task = roll(&sim);
    let mut budget = sim.snapshot.kubernetes.budgets.iter().next().unwrap().clone();
    let (own, at) = (budget.clone(), sim.now);
    let put = |row| crate::domain::kubernetes::TableDelta::Put { row, at };
    use crate::domain::kubernetes::KubernetesDelta::Budgets;
    (budget.allowed, budget.healthy) = (0, 2);
    sim.apply(Budgets(put(budget)));
    let words = waits(sim.next(&task));
    assert_eq!(words, "budget kafka/kafka to allow a disruption (2 of 3 healthy, 2 wanted)");
    let mut other = own;
    other.meta.key = Key::new("kafka", "another");
    sim.apply(Budgets(put(other)));
    assert!(stops(sim.next(&task)).starts_with("2 budgets protect pod kafka/kafka-2"));
}

#[test]
fn nothing_is_done_blind_and_nothing_with_what_was_read_before_the_last_came_back() {
    let mut sim = Sim::default();
    let task = roll(&sim);
    let silent = |sim: &mut Sim| sim.now = sim.now.plus(Duration::from_secs(120));
    silent(&mut sim);
    assert_eq!(waits(sim.next(&task)), "the pods to be read again");
    sim.hear();
    let now = sim.now;
    sim.change_pod(&Sim::key(BrokerId(1)), |pod| {
        pod.meta.uid = "new".into();
        pod.conditions.iter_mut().for_each(|c| c.since = Some(now.plus(Duration::from_secs(1))));
    });
    assert_eq!(waits(sim.next(&task)), "the ISRs to be read");
    let Task::Roll(Roll { pods }) = &task else { panic!() };
    let read = sim.ask(&[], |at| unread(at, pods)).map(waits);
    assert_eq!(read.as_deref(), Some("the ISRs to be read since the last broker came back"));
    sim.tick();
    assert_eq!(sim.ask(&[], |at| unread(at, pods)), None);
}

#[test]
fn without_a_controller_nobody_goes() {
    let mut sim = Sim::default();
    let task = roll(&sim);
    sim.lead(None);
    assert_eq!(waits(sim.next(&task)), "the controllers to elect a leader");
}

#[test]
fn another_broker_that_ends_is_waited_for_though_its_isrs_do_not_tell_yet() {
    let mut sim = Sim::default();
    let task = roll_of(&sim, &[BrokerId(2)], false);
    sim.end(&Sim::key(BrokerId(0)));
    assert_eq!(waits(sim.next(&task)), "pod kafka/kafka-0 to end: one at a time");
    let mut sim = Sim::default();
    sim.change_pod(&Sim::key(BrokerId(0)), unready);
    let words = waits(sim.next(&task));
    assert!(words.starts_with("without brokers 2, 0"), "{words}");
}

#[test]
fn strimzi_is_asked_and_asked_again_where_its_annotation_vanished() {
    let mut sim = Sim::default();
    let task = roll_of(&sim, &ids(), true);
    sim.operator = |_, _| {};
    let Next::Do(step) = sim.next(&task) else { panic!() };
    assert_eq!(step.title, "ask Strimzi to roll pod kafka/kafka-2 of broker 2");
    sim.perform(&step.write);
    let asked = "Strimzi to roll pod kafka/kafka-2: it looks every two minutes";
    let Next::Wait(wait) = sim.next(&task) else { panic!() };
    assert_eq!((wait.words.as_str(), wait.limit), (asked, STRIMZI));
    // strimzi#13165: it goes without having been acted on.
    sim.change_pod(&Sim::key(BrokerId(2)), |pod| pod.meta.annotations.clear());
    assert_eq!(takes(sim.next(&task)), 2);
    sim.operator = |sim, key| sim.end(key);
    assert_eq!(sim.run(&task, false, |sim, step| guard(sim, step)), End::Done);
    assert_eq!(order(&sim), [2, 2, 1, 0]);
    assert!(sim.made.values().all(|made| *made == 1), "{:?}", sim.made);
}

#[test]
fn an_abort_waits_for_who_is_away_and_takes_back_what_strimzi_was_asked() {
    let mut sim = Sim::default();
    let task = roll(&sim);
    assert_eq!(sim.ask(&[], |at| task.part().undo(at)), Next::Done, "nothing was begun");
    let Next::Do(step) = sim.next(&task) else { panic!() };
    sim.perform(&step.write);
    assert_eq!(waits(sim.ask(&[], |at| task.part().undo(at))), "pod kafka/kafka-2 to end (it has 120 s)");
    assert_eq!(sim.run(&task, true, |_, _| {}), End::Done);
    assert!(sim.serves(BrokerId(2)) && order(&sim) == [2]);

    let mut sim = Sim { operator: |_, _| {}, ..Sim::default() };
    let task = roll_of(&sim, &ids(), true);
    let Next::Do(step) = sim.next(&task) else { panic!() };
    sim.perform(&step.write);
    let held = waits(sim.ask(&[], |at| task.part().hold(at)));
    assert_eq!(held, "the operator; Strimzi was asked to roll pod kafka/kafka-2 and may still do it");
    assert_eq!(sim.run(&task, true, |_, _| {}), End::Done);
    assert!(!pods::is_asked(sim.pod(BrokerId(2)).unwrap(), ROLL));
}

#[test]
fn leaders_are_given_back_once() {
    let mut sim = Sim::default();
    let task: Task = Elect { brokers: vec![BrokerId(1)] }.into();
    assert_eq!(sim.next(&task), Next::Done);
    sim.drop_out(BrokerId(1));
    assert_eq!(sim.next(&task), Next::Done, "it is not in sync");
    sim.catch_up(BrokerId(1));
    assert_eq!(sim.run(&task, false, |_, _| {}), End::Done);
    let Some(Write::Elect { partitions, .. }) = sim.writes.first() else { panic!() };
    assert_eq!((partitions.len(), sim.writes.len()), (14, 1));
    let step =
        Step { title: String::new(), write: sim.writes[0].clone(), until: Goal::Answered, patience: SHOWN };
    sim.drop_out(BrokerId(1));
    sim.catch_up(BrokerId(1));
    assert_eq!(sim.ask(&[step], |at| task.part().next(at)), Next::Done);
}

/// What befell a broker before somebody goes on with the runbook.
#[derive(Debug, Clone, Copy)]
enum Before {
    Untouched,
    Ending,
    Gone,
    Starting,
    CatchingUp,
    Back,
}

fn befall(sim: &mut Sim, id: BrokerId, before: Before) {
    let until = |sim: &mut Sim, there: &dyn Fn(&Sim) -> bool| {
        (0..50).find(|_| {
            there(sim) || {
                sim.tick();
                false
            }
        });
        assert!(there(sim));
    };
    let renewed = move |sim: &Sim| sim.made.contains_key(&Sim::key(id)) && sim.pod(id).is_some();
    if matches!(before, Before::Untouched) {
        return;
    }
    sim.end(&Sim::key(id));
    match before {
        Before::Gone => until(sim, &|sim| sim.pod(id).is_none()),
        Before::Starting => until(sim, &renewed),
        Before::CatchingUp => {
            sim.lagging.insert(id);
            until(sim, &|sim| renewed(sim) && sim.serves(id));
            sim.lagging.remove(&id);
        }
        Before::Back => {
            until(sim, &|sim| renewed(sim) && sim.serves(id));
            sim.tick();
        }
        Before::Untouched | Before::Ending => {}
    }
    sim.hear();
}

fn before() -> impl Strategy<Value = Before> {
    use Before::*;
    prop::sample::select(vec![Untouched, Untouched, Ending, Gone, Starting, CatchingUp, Back])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Gone on with from any state, by whoever reads the task from the journal, with a controller that moves and
    /// brokers that fall behind meanwhile: each pod is replaced exactly once, and nothing is taken away that the
    /// rest cannot bear.
    #[test]
    fn from_any_state_each_is_replaced_once_and_safely(
        done in prop::collection::vec(prop::bool::ANY, 3),
        last in before(),
        leader in 0..3,
        strimzi in prop::bool::ANY,
        harm in prop::collection::vec((0..40_u32, 0..3, prop::bool::ANY), 0..6),
    ) {
        let mut sim = Sim::default();
        let task = roll_of(&sim, &ids(), strimzi);
        for (id, done) in ids().into_iter().zip(&done) {
            befall(&mut sim, id, if *done { Before::Back } else { Before::Untouched });
        }
        if let Some(id) = ids().into_iter().zip(&done).find(|(_, done)| !**done).map(|(id, _)| id) {
            befall(&mut sim, id, last);
        }
        sim.lead(Some(BrokerId(leader)));
        let mut ticks = 0;
        let mut back: Vec<(u32, BrokerId)> = Vec::new();
        let end = sim.run(&task, false, |sim, step| {
            guard(sim, step);
            ticks += 1;
            for (_, id) in back.extract_if(.., |(at, _)| *at <= ticks) {
                sim.lagging.remove(&id);
            }
            for (_, id, moves) in harm.iter().filter(|(at, ..)| *at == ticks && step.is_none()) {
                let id = BrokerId(*id);
                if *moves && sim.serves(id) {
                    sim.lead(Some(id));
                } else {
                    sim.lagging.insert(id);
                    sim.drop_out(id);
                    back.push((ticks + 7, id));
                }
            }
        });
        prop_assert_eq!(end, End::Done);
        for id in ids() {
            prop_assert_eq!(sim.made.get(&Sim::key(id)), Some(&1), "broker {}", id);
        }
        let read: Task = serde_json::from_str(&serde_json::to_string(&task).unwrap()).unwrap();
        prop_assert_eq!(read, task);
    }
}
