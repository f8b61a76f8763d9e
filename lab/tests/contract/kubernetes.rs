//! What goes on while one looks: watches, logs, ports.

use crate::world::{Who, World};
use k8s_openapi::api::{
    authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec},
    core::v1::Pod,
};
use kube::{Api, Client, api::PostParams};
use tokio::net::{TcpListener, TcpStream};

pub fn a_watch_tells_of_a_deployment_that_is_scaled(world: &World) {
    let watch = world.kubectl_lines("get deploy web -n shop --no-headers -w");
    let ready = |line: &str, wanted: &str| line.split_whitespace().nth(1) == Some(wanted);
    assert!(ready(&watch.next(), "3/3"));
    let scaled = world.kubectl("scale deploy web -n shop --replicas 4").done();
    assert_eq!(scaled, "deployment.apps/web scaled\n");
    watch.sees(|line| ready(line, "3/4"));
    watch.sees(|line| ready(line, "4/4"));
    world.kubectl("scale deploy web -n shop --replicas 3").done();
    watch.sees(|line| ready(line, "3/3"));
    let early = world.kubectl("scale deploy web -n shop --replicas 4 --current-replicas 9").failed();
    assert_eq!(early, "error: Expected replicas to be 9, was 3");
    let last = world.kubectl("get deploy web -n shop -o jsonpath={.spec.replicas}").done();
    assert_eq!(last, "3");
}

pub fn logs_are_told(world: &World) {
    let last = world.kubectl("logs deploy/invoices -n shop --tail=2").done();
    assert_eq!(last, "reading the configuration\nfatal: INVOICES_DB_URL is not set\n");
    let three = world.kubectl("logs kafka-0 -n kafka --tail=3").done();
    assert_eq!(three.lines().count(), 3, "{three}");
    let timed = world.kubectl("logs kafka-0 -n kafka --tail=1 --timestamps").done();
    let (time, line) = timed.split_once(' ').expect("a time before the line");
    assert!(time.parse::<jiff::Timestamp>().is_ok() && !line.is_empty(), "{timed}");
    let none = world.kubectl("logs kafka-0 -n kafka -c nobody").failed();
    assert_eq!(none, "error: container nobody is not valid for pod kafka-0");
}

pub fn logs_are_followed(world: &World) {
    let log = world.kubectl_lines("logs deploy/orders-producer -n shop --tail=1 -f");
    let later = [log.next(), log.next()];
    assert!(later.iter().all(|line| line.contains(" records")), "{later:?}");
}

async fn may(client: Client, verb: &str, resource: &str, subresource: &str) -> bool {
    let attributes = ResourceAttributes {
        namespace: Some("kafka".into()),
        verb: Some(verb.into()),
        resource: Some(resource.into()),
        subresource: Some(subresource.into()),
        ..Default::default()
    };
    let spec =
        SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), non_resource_attributes: None };
    let review = SelfSubjectAccessReview { spec, ..Default::default() };
    let told = Api::all(client).create(&PostParams::default(), &review).await.expect("an answer");
    told.status.expect("a verdict").allowed
}

pub fn the_admin_may_what_the_viewer_may_not(world: &World) {
    for (verb, resource, subresource, viewer) in [
        ("list", "pods", "", true),
        ("get", "pods", "log", true),
        ("get", "pods", "portforward", true),
        ("create", "pods", "portforward", false),
        ("delete", "pods", "", false),
        ("create", "pods", "eviction", false),
        ("get", "secrets", "", false),
    ] {
        let answer = |who| world.ask(who, async |client| may(client, verb, resource, subresource).await);
        let answers = [answer(Who::Admin), answer(Who::Viewer)];
        assert_eq!(answers, [true, viewer], "{verb} {resource}/{subresource}");
    }
    assert_eq!(world.kubectl("auth can-i delete pods -n kafka").done(), "yes\n");
}

/// The way that castellan takes to a broker that it cannot reach otherwise.
pub fn a_forwarded_port_is_the_brokers(world: &World) {
    let metadata = world.ask(Who::Admin, async |client| {
        let door = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = door.local_addr().expect("its address").to_string();
        let kcat = tokio::process::Command::new("kcat").args(["-b", &address, "-L", "-m", "60"]).output();
        tokio::pin!(kcat);
        loop {
            tokio::select! {
                told = &mut kcat => break String::from_utf8(told.expect("kcat runs").stdout).expect("a text"),
                caller = door.accept() => {
                    tokio::spawn(forward(client.clone(), caller.expect("a caller").0));
                }
            }
        }
    });
    assert!(metadata.contains(" 3 brokers:\n"), "{metadata}");
    for broker in 0..3 {
        let line = format!("  broker {broker} at kafka-{broker}.kafka-headless.kafka.svc:9092");
        assert!(metadata.contains(&line), "{metadata}");
    }
}

async fn forward(client: Client, mut caller: TcpStream) {
    let api: Api<Pod> = Api::namespaced(client, "kafka");
    let mut ports = api.portforward("kafka-0", &[9092]).await.expect("a port-forward");
    let mut broker = ports.take_stream(9092).expect("its stream");
    // Whoever of the two hangs up ends it.
    let _ = tokio::io::copy_bidirectional(&mut caller, &mut broker).await;
}
