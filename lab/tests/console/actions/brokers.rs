//! Brokers come, go and come back.

use super::{
    outside::{KAFKA, lists, until},
    stage,
};
use crate::{
    screen::Screen,
    stage::{Stage, WIDE},
};
use castellan_lab::{Context, Fault};

/// Brokers that answer, as Kafka's own tool finds them.
fn registered(stage: &Stage) -> usize {
    stage.tool("kafka-broker-api-versions.sh", "").matches("(id: ").count()
}

fn reassign(screen: &mut Screen, topic: &str, to: &str) {
    screen.select("topics", topic, topic);
    screen.plans(&format!(":reassign to {to}\r"));
    screen.agrees("y");
    screen.is_done(&format!(" of {topic} to brokers {}", to.replace(',', ", ")));
}

#[test]
fn a_broker_is_added_filled_emptied_and_taken_away() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.select("statefulsets", "kafka", "kafka kafka");
    screen.plans(":scale 4\r");
    screen.sees("no partition moves by itself");
    screen.agrees("y");
    screen.is_done("scale StatefulSet kafka/kafka from 3 to 4");
    assert_eq!(stage.replicas_asked_for(KAFKA), "4");
    assert_eq!(registered(&stage), 4);

    reassign(&mut screen, "shipments", "1,2,3");
    let all = stage.replicas("shipments");
    assert!(all.iter().all(|ids| ids.contains(&3) && !ids.contains(&0)), "{all:?}");

    screen.select("statefulsets", "kafka", "kafka kafka");
    screen.is_refused(":scale 3\r", "broker 3 holds 12 replicas, which would be stranded");
    assert_eq!(stage.replicas_asked_for(KAFKA), "4");

    reassign(&mut screen, "shipments", "0,1,2");
    assert!(stage.replicas("shipments").iter().flatten().all(|id| *id < 3));
    screen.select("statefulsets", "kafka", "kafka kafka");
    screen.plans(":scale 3\r");
    screen.sees("pod kafka/kafka-3 ends and is not replaced");
    screen.agrees("y");
    screen.is_done("scale StatefulSet kafka/kafka from 4 to 3");
    assert_eq!(stage.replicas_asked_for(KAFKA), "3");
    assert!(
        stage.kubectl("-n kafka get pods --no-headers").lines().all(|line| !line.starts_with("kafka-3 "))
    );
    until("broker 3 is gone", || registered(&stage) == 3);
}

#[test]
fn a_broker_that_would_put_partitions_under_min_isr_is_not_deleted() {
    let stage = stage();
    let before = stage.uid("kafka-1");
    let mut screen = stage.open(Context::Admin, WIDE);
    let broken = stage.fault(Fault::HangBroker { broker: 2 });
    screen.row("kafka-2", |row| row.contains(" silent "));
    until("broker 2 is out of sync", || {
        let told = stage.tool_may("kafka-topics.sh", "--describe --topic orders").unwrap_or_default();
        let isrs = lists(&told, "Isr: ");
        !isrs.is_empty() && isrs.iter().flatten().all(|id| *id != 2)
    });
    screen.select("pods", "kafka-1", "kafka kafka-1");
    screen.press("\x04");
    screen.sees("without broker 1 ");
    screen.waits("the partitions and who is the reason", |text| {
        let refusal = text.lines().find(|line| line.contains("would refuse acks=all")).unwrap_or_default();
        refusal.contains("-0") && refusal.contains("broker 2 is out of sync")
    });
    // No single key does it: the context and the name are asked for.
    screen.sees(&format!("To do it type {} and enter", stage.with_context("kafka-1")));
    screen.reads();
    screen.press("y\r");
    screen.sees("that is not it");
    screen.press("\x1b");
    screen.sees("cancelled: nothing was done");
    assert_eq!(stage.uid("kafka-1"), before);
    broken.mend();
}

#[test]
fn an_evicted_broker_is_followed_until_it_leads_again() {
    let stage = stage();
    let before = stage.uid("kafka-1");
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.select("brokers", "kafka-1", "1 kafka-1");
    screen.plans("e");
    screen.sees("budget kafka/kafka allows 1 disruption");
    screen.agrees("y");
    screen.sees("running evict pod kafka/kafka-1");
    screen.is_done("evict pod kafka/kafka-1");
    assert_ne!(stage.uid("kafka-1"), before);
    let all: Vec<Vec<u32>> = stage.replicas("orders");
    let isrs = stage.partitions("orders", "Isr: ");
    assert!(all.iter().zip(&isrs).all(|(all, isr)| all.len() == isr.len()), "{all:?} {isrs:?}");

    // Its leaders went elsewhere; `b` on it brings them back.
    let astray = |stage: &Stage| {
        let leaders = stage.partitions("orders", "Leader: ");
        stage.replicas("orders").iter().zip(leaders).filter(|(all, leader)| all[0] != leader[0]).count()
    };
    assert!(astray(&stage) > 0, "no leader went elsewhere");
    screen.select("brokers", "kafka-1", "1 kafka-1");
    screen.plans("b");
    screen.agrees("y");
    screen.is_done("elect the preferred leader");
    let led: Vec<u32> = stage.partitions("orders", "Leader: ").into_iter().flatten().collect();
    let preferred: Vec<u32> = stage.replicas("orders").iter().map(|ids| ids[0]).collect();
    assert!(led.iter().zip(&preferred).all(|(led, preferred)| *preferred != 1 || led == preferred));
}
