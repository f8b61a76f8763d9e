//! The lab's promises, kept by a real one.

use castellan_lab::{Context, Fault, Lab, Role};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const BOOTSTRAP: &str = "kafka-bootstrap.kafka.svc:9092";

/// What a command printed, on both channels.
fn output(command: &mut Command) -> String {
    let output = command.output().expect("the command runs");
    [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat()
}

fn kubectl(lab: &Lab, context: Context, arguments: &str) -> String {
    output(lab.kubectl(context).args(["--request-timeout", "10s"]).args(arguments.split(' ')))
}

fn admin(lab: &Lab, arguments: &str) -> String {
    kubectl(lab, Context::Admin, arguments)
}

fn tool(lab: &Lab, name: &str, arguments: &str) -> String {
    let arguments = arguments.split(' ').filter(|argument| !argument.is_empty());
    output(lab.enter_command(name).args(["--bootstrap-server", BOOTSTRAP]).args(arguments))
}

/// One lab for everything, for a start costs the most.
#[tokio::test(flavor = "multi_thread")]
async fn a_lab_keeps_its_promises() {
    let lab = Lab::start("promises").await.expect("the lab starts");
    outside_only_the_api_server(&lab);
    a_scaled_up_broker_joins(&lab).await;
    a_killed_broker_is_restarted(&lab).await;
    a_deleted_claim_is_an_empty_disk(&lab).await;
    permissions_and_tokens(&lab).await;
    the_api_server_stops(&lab).await;
    nothing_survives_a_crash(lab).await;
}

fn outside_only_the_api_server(lab: &Lab) {
    let ip = admin(lab, "-n kafka get pod kafka-0 -o jsonpath={.status.podIP}");
    let metadata =
        |command: &mut Command| output(command.args(["-b", &format!("{ip}:9092"), "-L", "-m", "5"]));
    assert!(metadata(&mut lab.enter_command("kcat")).contains("3 brokers"));
    assert!(!metadata(&mut Command::new("kcat")).contains("brokers:"), "Kafka can be reached from outside");
    let query = "get --raw /api/v1/namespaces/monitoring/services/prometheus-operated:9090/proxy/api/v1/query?query=up";
    assert!(kubectl(lab, Context::Viewer, query).contains("\"pod\":\"kafka-2\""));
    assert!(admin(lab, "-n kafka logs kafka-0").contains("INFO"));
}

async fn a_scaled_up_broker_joins(lab: &Lab) {
    admin(lab, "-n kafka scale statefulset kafka --replicas 4");
    let registered =
        || async { tool(lab, "kafka-broker-api-versions.sh", "").contains("(id: 3 rack: zone-") };
    lab.wait_until("broker 3 joins", 2 * MINUTE, registered).await.unwrap();
    admin(lab, "-n kafka scale statefulset kafka --replicas 3");
    let gone = || async { admin(lab, "-n kafka get pod kafka-3").contains("NotFound") };
    lab.wait_until("broker 3 leaves", MINUTE, gone).await.unwrap();
}

async fn a_killed_broker_is_restarted(lab: &Lab) {
    lab.fault(Fault::KillBroker { broker: 1, once: true }).await.unwrap();
    let last =
        "-n kafka get pod kafka-1 -o jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}";
    let killed = || async { admin(lab, last) == "137" };
    lab.wait_until("the kill is seen", MINUTE, killed).await.unwrap();
    ready(lab, "kafka-1").await;
    let previous = admin(lab, "-n kafka logs kafka-1 --previous");
    assert!(previous.contains("Formatting"), "the first start formatted: {previous}");
}

async fn a_deleted_claim_is_an_empty_disk(lab: &Lab) {
    admin(lab, "-n kafka delete pvc data-kafka-2 --wait=false");
    admin(lab, "-n kafka delete pod kafka-2");
    let formatted = || async { admin(lab, "-n kafka logs kafka-2").contains("Formatting /mnt/data") };
    lab.wait_until("the new disk is formatted", MINUTE, formatted).await.unwrap();
    ready(lab, "kafka-2").await;
}

async fn permissions_and_tokens(lab: &Lab) {
    let pods = "get pods -n kafka";
    assert!(kubectl(lab, Context::Viewer, pods).contains("kafka-0"));
    assert!(kubectl(lab, Context::Namespace, "get nodes").contains("Forbidden"));
    let revoked = Fault::RevokePermission { role: Role::Viewer, resource: "pods".into() };
    lab.fault(revoked.clone()).await.unwrap();
    let forbidden = || async { kubectl(lab, Context::Viewer, pods).contains("Forbidden") };
    lab.wait_until("403", MINUTE, forbidden).await.unwrap();
    lab.undo(revoked).await.unwrap();

    lab.fault(Fault::ExpireToken).await.unwrap();
    let unauthorized = || async { kubectl(lab, Context::Expiring, pods).contains("Unauthorized") };
    lab.wait_until("401", MINUTE, unauthorized).await.unwrap();
    lab.undo(Fault::ExpireToken).await.unwrap();
    assert!(kubectl(lab, Context::Expiring, pods).contains("kafka-0"));
}

async fn the_api_server_stops(lab: &Lab) {
    lab.fault(Fault::StopApi).await.unwrap();
    assert!(admin(lab, "get nodes").contains("refused"));
    assert_eq!(lab.status().await.unwrap().faults, [Fault::StopApi]);
    lab.undo_all().await.unwrap();
    assert!(admin(lab, "get nodes").contains("node-a1"));
}

async fn nothing_survives_a_crash(lab: Lab) {
    let folder = lab.home().root().display().to_string();
    assert!(!processes_naming(&folder).is_empty());
    drop(lab); // Kills the keeper with SIGKILL.
    for _ in 0..100 {
        if processes_naming(&folder).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("left: {:?}", processes_naming(&folder));
}

/// The command lines of processes that name this folder: the control plane's do.
fn processes_naming(folder: &str) -> Vec<String> {
    let read = |pid: &Path| std::fs::read_to_string(pid.join("cmdline")).unwrap_or_default();
    let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
    entries.map(|entry| read(&entry.path())).filter(|line| line.contains(folder)).collect()
}

async fn ready(lab: &Lab, pod: &str) {
    let path = format!("-n kafka get pod {pod} -o jsonpath={{.status.containerStatuses[0].ready}}");
    let ready = || async { admin(lab, &path) == "true" };
    lab.wait_until("the pod is ready", 2 * MINUTE, ready).await.unwrap();
}
