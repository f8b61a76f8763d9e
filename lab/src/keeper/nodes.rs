//! The lab's nodes, three zones of two.

use serde_json::{Value, json};

/// The label by which kwok knows the nodes whose kubelet it plays.
const KUBELET: &str = "castellan-lab/kubelet";

/// A node of the lab.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: &'static str,
    pub(crate) zone: &'static str,
    /// The third byte of its address and of its pods'.
    pub(crate) number: u8,
}

/// All of them.
pub(crate) const NODES: [Node; 6] = [
    Node { name: "node-a1", zone: "zone-a", number: 1 },
    Node { name: "node-a2", zone: "zone-a", number: 2 },
    Node { name: "node-b1", zone: "zone-b", number: 3 },
    Node { name: "node-b2", zone: "zone-b", number: 4 },
    Node { name: "node-c1", zone: "zone-c", number: 5 },
    Node { name: "node-c2", zone: "zone-c", number: 6 },
];

impl Node {
    /// The node of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        NODES.iter().find(|node| node.name == name)
    }

    pub(crate) fn address(&self) -> String {
        format!("10.44.{}.1", self.number)
    }

    pub(crate) fn manifest(&self) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": self.name,
                "labels": {
                    "kubernetes.io/hostname": self.name,
                    "kubernetes.io/os": "linux",
                    "kubernetes.io/arch": "amd64",
                    "node.kubernetes.io/instance-type": "r6i.xlarge",
                    "topology.kubernetes.io/region": "lab",
                    "topology.kubernetes.io/zone": self.zone,
                    KUBELET: "running",
                },
                "annotations": {"castellan-lab/address": self.address()},
            },
            "status": {
                "capacity": {"cpu": "8", "memory": "32Gi", "pods": "110"},
                "allocatable": {"cpu": "7800m", "memory": "30Gi", "pods": "110"},
            },
        })
    }
}

/// The patch that lets kwok play this node's kubelet, or stop it.
pub(crate) fn kubelet_patch(running: bool) -> Value {
    let label = if running { json!("running") } else { Value::Null };
    json!({"metadata": {"labels": {KUBELET: label}}})
}
