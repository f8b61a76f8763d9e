//! What is done to Kubernetes' objects, and what comes of it.

use crate::stage::{Stage, WIDE};

const FAST: &[&str] = &["--speed", "10"];

#[test]
fn a_deployment_is_scaled_and_restarted_and_a_node_cordoned() {
    let mut stage = Stage::open(FAST, WIDE);
    stage.select("deployments", "web", "shop web");
    stage.does(":scale 5\r", "scale Deployment shop/web from 3 to 5");
    stage.row(&["web", " 5/5 "]);
    stage.does("r", "restart Deployment shop/web");
    stage.row(&["web", " 5/5 "]);

    stage.select("nodes", "node-a1", "node-a1");
    stage.does("x", "cordon node node-a1");
    stage.row(&["node-a1", "Ready,SchedulingDisabled"]);
    stage.does("x", "uncordon node node-a1");
    stage.sees_no("SchedulingDisabled");

    stage.leads(":operations\r", "operations");
    for title in ["scale Deployment shop/web from 3 to 5", "cordon node node-a1"] {
        stage.row(&[title, " done "]);
    }
}

#[test]
fn the_log_of_the_pod_that_crashes_tells_why() {
    let mut stage = Stage::open(&[], WIDE);
    stage.leads(":pods\r", "pods");
    stage.press("/invoices\r");
    stage.row(&["▌", "shop", "invoices-", "0/1"]);
    let why = "fatal: INVOICES_DB_URL is not set";
    stage.press("l");
    stage.sees("── log of pod shop/invoices-");
    stage.row(&["reading the configuration"]);
    stage.row(&[why]);
    stage.press("\x1b");
    stage.sees("── pods ");
    stage.press("p");
    stage.sees("── previous log of pod shop/invoices-");
    stage.row(&[why]);
}

#[test]
fn who_runs_it_read_only_can_do_nothing() {
    let mut stage = Stage::open(&["--read-only"], WIDE);
    stage.sees("read-only");
    for (pane, filter, row, keys, verb) in [
        ("deployments", "web", "shop web", ":scale 4\r", "scale"),
        ("statefulsets", "prometheus", "monitoring prometheus", "r", "restart"),
        ("pods", "kafka-1", "kafka kafka-1", "e", "evict"),
        ("pods", "kafka-1", "kafka kafka-1", "\x04", "delete"),
        ("nodes", "node-a1", "node-a1", "x", "cordon"),
        ("topics", "payments", "payments", ":reassign to 0,1,2\r", "reassign"),
        ("topics", "payments", "payments", "\x04", "delete-topic"),
    ] {
        stage.select(pane, filter, row);
        stage.is_refused(keys, &format!("castellan runs read-only: {verb} is not possible"));
    }
    stage.row(&["payments", " 6 "]);
}
