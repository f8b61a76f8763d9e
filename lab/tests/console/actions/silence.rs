//! The API server goes away between confirmation and answer.

use super::{
    outside::{WEB, until},
    stage,
};
use crate::{
    screen::Screen,
    stage::{ALL_LIVE, Broken, Stage, WIDE},
};
use castellan_lab::{Context, Fault};
use serde_json::{Value, json};

const SCALE: &str = "scale Deployment shop/web from 3 to 4 replicas";
/// What castellan says of a write that it sent and heard nothing of.
const NOT_KNOWN: &str = "whether it was done is not known";

/// The plan to scale is on the screen, and nothing will change it.
fn about_to_scale(screen: &mut Screen) {
    screen.sees(ALL_LIVE);
    screen.select("deployments", "web", "shop web");
    screen.row("shop ", |row| row.contains(" web ") && row.contains(" 3/3 "));
    screen.plans(":scale 4\r");
}

/// Waits until a scale by castellan is so far: `RequestReceived`, `ResponseComplete`.
#[track_caller]
fn scale_is(stage: &Stage, screen: &Screen, so_far: &str, before: &[String]) {
    let wanted = format!("{so_far} patch deployments/scale ");
    let more = || stage.asked().into_iter().skip(before.len());
    screen.waits(&format!("{wanted} in the audit log"), |_| more().any(|asked| asked.starts_with(&wanted)));
}

/// What the journal keeps of the last scale.
fn told(stage: &Stage) -> Value {
    let told = stage.castellan(&["journal", "--verb", "scale", "--json"]);
    serde_json::from_str(told.lines().last().expect("an operation")).expect("JSON")
}

/// A webhook that never answers: it is at the address of a broker that hangs. A scale of a Deployment in the
/// shop is taken in and goes no further.
struct Webhook<'a> {
    stage: &'a Stage,
    _hung: Broken<'a>,
}

impl<'a> Webhook<'a> {
    fn of(stage: &'a Stage) -> Webhook<'a> {
        let ip = stage.field("-n kafka get pod kafka-2", ".status.podIP");
        let webhook = Webhook { stage, _hung: stage.fault(Fault::HangBroker { broker: 2 }) };
        let manifest = json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "silent"},
            "webhooks": [{
                "name": "silent.castellan.example",
                "clientConfig": {"url": format!("https://{ip}:9092/")},
                "rules": [{
                    "operations": ["UPDATE"],
                    "apiGroups": ["apps"],
                    "apiVersions": ["v1"],
                    "resources": ["deployments/scale"],
                }],
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "timeoutSeconds": 30,
            }],
        });
        let file = stage.file("webhook.json", &manifest.to_string());
        stage.kubectl(&format!("apply -f {}", file.display()));
        until("the webhook is asked", || {
            let mut kubectl = stage.lab.kubectl(Context::Admin);
            let dry = "-n shop scale deployment web --replicas 3 --dry-run=server --request-timeout=1s";
            !kubectl.args(dry.split(' ')).output().expect("kubectl runs").status.success()
        });
        webhook
    }
}

impl Drop for Webhook<'_> {
    fn drop(&mut self) {
        let mut kubectl = self.stage.lab.kubectl(Context::Admin);
        let deleted = kubectl.args(["delete", "validatingwebhookconfiguration", "silent"]).output();
        drop(deleted);
    }
}

#[test]
fn an_api_server_that_is_away_before_it_is_asked_has_done_nothing() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    screen.select("deployments", "web", "shop web");
    screen.plans(":scale 4\r");
    let stopped = stage.fault(Fault::StopApi);
    // What was read is not known any more, and so a key is not enough.
    screen.sees("this changed since you looked: read it again");
    screen.sees("To do it type web and enter");
    screen.agrees("web\r");
    let said = screen.ends("failed", SCALE);
    assert!(said.contains("cannot be reached") && said.contains("nothing was done"), "{said}");
    stopped.mend();
    assert_eq!(stage.replicas_asked_for(WEB), "3");

    // It takes connections and answers none.
    screen.waits("the one before is not told any more", |text| !text.contains("failed"));
    about_to_scale(&mut screen);
    let hung = stage.fault(Fault::HangApi);
    // Before it is noticed that nothing is heard any more.
    screen.agrees("y");
    let said = screen.ends("failed", SCALE);
    assert!(said.contains("nothing was done"), "{said}");
    screen.is_alive();
    hung.mend();
    screen.sees(ALL_LIVE);
    assert_eq!(stage.replicas_asked_for(WEB), "3");
}

#[test]
fn a_write_that_an_api_server_takes_with_it_is_told_as_not_done() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    for fault in [Fault::StopApi, Fault::HangApi] {
        about_to_scale(&mut screen);
        let webhook = Webhook::of(&stage);
        let before = stage.asked();
        screen.agrees("y");
        scale_is(&stage, &screen, "RequestReceived", &before);
        let away = stage.fault(fault);
        screen.sees(NOT_KNOWN);
        screen.is_alive();
        away.mend();
        drop(webhook);
        let said = screen.ends("failed", SCALE);
        assert!(said.contains("it was not done, or was called back"), "{said}");
        assert_eq!(stage.replicas_asked_for(WEB), "3");
        let told = told(&stage);
        assert_eq!((&told["title"], &told["state"]), (&json!(SCALE), &json!("failed")));
        assert!(told.to_string().contains(NOT_KNOWN), "{told}");
        screen.waits("it is not told any more", |text| !text.contains(SCALE));
    }
}

#[test]
fn a_write_whose_answer_is_lost_is_told_as_done_when_it_is_seen() {
    let stage = stage();
    let mut screen = stage.open(Context::Admin, WIDE);
    about_to_scale(&mut screen);
    let slow = stage.fault(Fault::SlowApi { delay: 1500 });
    let before = stage.asked();
    screen.agrees("y");
    scale_is(&stage, &screen, "ResponseComplete", &before);
    // The answer is on its way when the connection breaks.
    let away = stage.fault(Fault::StopApi);
    screen.sees(NOT_KNOWN);
    screen.is_alive();
    away.mend();
    slow.mend();
    screen.is_done(SCALE);
    assert_eq!(stage.replicas_asked_for(WEB), "4");
    let told = told(&stage);
    assert_eq!((&told["title"], &told["state"]), (&json!(SCALE), &json!("done")));
    assert!(told.to_string().contains(NOT_KNOWN), "{told}");
    stage.kubectl("-n shop scale deployment web --replicas 3");
}
