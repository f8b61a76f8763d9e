//! What the doctor says of each state of a cluster.

use super::*;
use crate::{app::tests::Hands, domain::target::Security, world::Mood};

fn of(mood: Mood) -> Vec<Check> {
    let hands = Hands::on(mood, "overview");
    checks(&hands.model, &Security::default(), &Ok(Vec::new()))
}

fn check<'a>(all: &'a [Check], what: &str) -> &'a Check {
    all.iter().find(|c| c.what == what).unwrap()
}

#[test]
fn a_healthy_cluster_is_well_and_every_part_says_what_it_is() {
    let all = of(Mood::Healthy);
    let (text, code) = report(&all);
    assert_eq!(code, 0, "{text}");
    assert!(check(&all, "API server").found.contains("Kubernetes v1."), "{text}");
    assert!(check(&all, "Kafka").found.starts_with("kafka/kafka ("), "{text}");
    assert!(check(&all, "listeners").found.contains("3 of 3 brokers answer"), "{text}");
    assert!(check(&all, "throughput").found.starts_with("Prometheus "), "{text}");
    assert_eq!(check(&all, "acting").state, State::Well);
}

#[test]
fn what_is_broken_says_what_to_do_and_what_hangs_on_it_is_not_judged() {
    let all = of(Mood::Pending);
    let server = check(&all, "API server");
    assert_eq!(server.state, State::Broken);
    assert!(server.next.as_ref().unwrap().starts_with("kubectl --context "));
    for what in ["reading", "acting", "Kafka", "listeners", "throughput"] {
        assert_eq!(check(&all, what).state, State::Unseen, "{what}");
    }
    assert_eq!(report(&all).1, 1);
    for ill in of(Mood::Empty).iter().filter(|c| matches!(c.state, State::Lacking | State::Broken)) {
        assert!(ill.next.is_some(), "{ill:?}");
    }
}

#[test]
fn a_denied_permission_is_told_with_the_verbs_that_need_it() {
    let hands = Hands::on(Mood::Healthy, "overview");
    let grants = wanted().map(|(_, permission)| {
        let allowed = permission.subresource != "eviction";
        crate::domain::access::Grant::Kubernetes { permission, namespace: "kafka".into(), allowed }
    });
    let all = checks(&hands.model, &Security::default(), &Ok(grants.collect()));
    let acting = check(&all, "acting");
    assert_eq!(
        (acting.state, &*acting.found),
        (State::Lacking, "not permitted: create pods/eviction (for roll, replace, evict, drain-node)")
    );
    assert_eq!(acting.next.as_deref(), Some("kubectl auth can-i create pods/eviction"));
}

#[test]
fn what_servers_say_cannot_move_the_cursor() {
    let (text, _) = report(&[Check::ill("API server", State::Broken, "a\u{1b}[2Jb\nc", "d\re")]);
    assert_eq!(text.lines().count(), 2);
    assert!(!text.contains('\u{1b}') && !text.contains('\r'), "{text:?}");
}
