use castellan::{domain::{snapshot::{Delta, Snapshot}, discovery}, source::{kubernetes::*, CAPACITY, now}};
use std::time::{Duration, Instant};
fn rss() -> String { std::fs::read_to_string("/proc/self/status").unwrap().lines().filter(|l| l.starts_with("VmRSS") || l.starts_with("VmHWM")).collect::<Vec<_>>().join(" ") }
fn cpu() -> u64 { let s = std::fs::read_to_string("/proc/self/stat").unwrap(); let f: Vec<&str> = s.rsplit(") ").next().unwrap().split(' ').collect(); f[11].parse::<u64>().unwrap() + f[12].parse::<u64>().unwrap() }
#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let args: Vec<String> = std::env::args().collect();
    let context = args.get(1).filter(|c| !c.is_empty()).map(|c| c.as_str().into());
    let secs: u64 = args.get(2).and_then(|s| s.parse().ok()).unwrap_or(3);
    let t = Instant::now();
    let connection = connect(&Options { context, ..Default::default() }).await.unwrap_or_else(|e| { println!("{e}"); std::process::exit(1) });
    println!("connected {} as {} ns {} in {:?}", connection.context, connection.user, connection.namespace, t.elapsed());
    let (tx, mut rx) = tokio::sync::mpsc::channel(CAPACITY);
    let _w = watch(&connection, None, tx);
    let mut s = Snapshot::default();
    let mut complete = false;
    let mut seen = (String::new(), 0);
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    let end = tokio::time::Instant::now() + Duration::from_secs(secs);
    let (mut cpu0, mut t0) = (0, Instant::now());
    loop {
        let d = tokio::select! { d = rx.recv() => d.unwrap(), _ = tokio::time::sleep_until(end) => break };
        if let Delta::Kubernetes(k) = &d { let t = format!("{k:?}"); let t: String = t.chars().take_while(|c| *c != '{').collect(); if complete { *counts.entry(t).or_default() += 1; } }
        s.apply(d);
        let k = &s.kubernetes;
        if !complete && k.pods.feed.heard().is_some() && k.nodes.feed.heard().is_some() && k.events.feed.heard().is_some() && k.services.feed.heard().is_some() && k.replica_sets.feed.heard().is_some() {
            complete = true;
            println!("complete after {:?}: {} pods {} events; {}", t.elapsed(), k.pods.len(), k.events.len(), rss());
            cpu0 = cpu(); t0 = Instant::now();
        }
        let state = format!("{:?} | pods {:?} | {:?}", k.server.state(now()), k.pods.feed.state(now()), k.reach);
        let state: String = state.split("age").next().unwrap().into();
        if state != seen.0 && secs > 5 { println!("{:>6.1?} {state}", t.elapsed()); seen = (state, 0); }
    }
    let k = &s.kubernetes;
    println!("after {secs}s: generation {} {}; cpu {}% ; deltas {counts:?}", s.generation, rss(), (cpu() - cpu0) as f64 / t0.elapsed().as_secs_f64());
    println!("{} pods {} sts {} deploy {} rs {} nodes {} pvc {} pdb {} hpa {} svc {} events; server {:?}; reach {:?}", k.pods.len(), k.stateful_sets.len(), k.deployments.len(), k.replica_sets.len(), k.nodes.len(), k.claims.len(), k.budgets.len(), k.autoscalers.len(), k.services.len(), k.events.len(), k.server.last(), k.reach);
    if std::env::var("TABLE").is_ok() {
        let n = now();
        for p in k.pods.iter() { let st = p.status(); println!("POD {} {} {} {} {} {} {} {}", p.meta.key.namespace, p.meta.key.name, st.ready(), st.status, st.restarts(n), p.meta.age(n), p.ip.as_deref().unwrap_or("<none>"), p.node.as_deref().unwrap_or("<none>")); }
        for x in k.nodes.iter() { println!("NODE {} {} {} {} {} zone {:?} cpu {} mem {} addr {}", x.meta.key.name, x.status(), x.roles(), x.meta.age(n), x.kubelet, x.zone, x.cpu_millis, x.memory, x.address); }
        for x in discovery::find(k) { println!("CLUSTER {x:?}"); }
        println!("PROM {:?}", discovery::find_prometheus(k));
    }
    if std::env::var("DUMP").is_ok() {
        for x in k.stateful_sets.iter() { println!("{x:#?}"); }
        for x in k.deployments.iter().take(2) { println!("{x:#?}"); }
        for x in k.replica_sets.iter().take(1) { println!("{x:#?}"); }
        for x in k.claims.iter().take(1) { println!("{x:#?}"); }
        for x in k.budgets.iter() { println!("{x:#?}"); }
        for x in k.autoscalers.iter() { println!("{x:#?}"); }
        for x in k.services.iter() { println!("{x:#?}"); }
        for x in k.events.iter().take(3) { println!("{x:#?}"); }
        for x in k.pods.iter().filter(|p| &*p.meta.key.namespace == "kafka").take(1) { println!("{x:#?}"); }
    }
}
