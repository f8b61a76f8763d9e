//! GET through the API server to what listens in pods and behind services.
//!
//! Source: Kubernetes 1.35, `ResourceLocation` of pods and services.

use super::{
    backend::{Backend, Dead},
    request::{Asked, Name},
    serve::{self, Answer, Server},
    status::Status,
};
use crate::{
    demo::world::{
        World,
        kubernetes::{PODS, Resource, SERVICES, object},
    },
    domain::kubernetes::Key,
};
use serde_json::Value;

/// # Errors
/// 404 for what is not there, 503 where nothing answers behind it.
pub async fn get(
    server: &Server,
    resource: &'static Resource,
    asked: &Asked,
    query: &str,
) -> Result<Answer, Status> {
    let (name, port) = address(&asked.name);
    let key = Key::new(&asked.namespace, name);
    let found = server.shared.with(|world| {
        let object = world.kubernetes.get(resource, &key).cloned();
        let object = object.ok_or_else(|| Status::not_found(&Name::from(resource), name))?;
        let (pod, port) = match resource == &SERVICES {
            true => behind(world, &object, &asked.name, port)?,
            false => (key.clone(), port_of(&object, port)?),
        };
        Backend::find(world, &pod, port).map_err(|dead| unreached(world, &pod, port, dead))
    })?;
    let (code, kind, body) = found.get(&server.shared, &asked.rest, query).await;
    Ok(serve::whole(code, kind, body))
}

/// `name`, `name:port` or `scheme:name:port`.
fn address(id: &str) -> (&str, &str) {
    let parts: Vec<&str> = id.split(':').collect();
    match parts[..] {
        [_, name, port] | [name, port] => (name, port),
        _ => (id, ""),
    }
}

fn number(value: &Value) -> Option<u16> {
    value.as_u64().and_then(|port| u16::try_from(port).ok())
}

/// The port of a pod that is meant: the first one that it declares, unless one is named.
fn port_of(pod: &Value, port: &str) -> Result<u16, Status> {
    if !port.is_empty() {
        return port.parse().map_err(|_| Status::bad_request(format!("invalid pod request \"{port}\"")));
    }
    let containers = object::list(pod, "/spec/containers").iter();
    Ok(containers
        .flat_map(|c| object::list(c, "/ports"))
        .find_map(|p| number(&p["containerPort"]))
        .unwrap_or(80))
}

/// A ready pod behind a service, and the port there.
fn behind(world: &World, service: &Value, id: &str, wanted: &str) -> Result<(Key, u16), Status> {
    let (name, namespace) =
        (object::text(service, "/metadata/name"), object::text(service, "/metadata/namespace"));
    let ports = object::list(service, "/spec/ports");
    let port = match wanted.parse::<u16>() {
        Ok(wanted) => ports.iter().find(|p| number(&p["port"]) == Some(wanted)).ok_or_else(|| {
            Status::unavailable(format!("no service port {wanted} found for service \"{name}\""))
        })?,
        Err(_) => {
            let named = ports.iter().find(|p| p["name"].as_str().unwrap_or_default() == wanted);
            named
                .ok_or_else(|| Status::unavailable(format!("no endpoints available for service \"{id}\"")))?
        }
    };
    let selector = serde_json::json!({"matchLabels": service["spec"]["selector"]});
    let mut pods = world.kubernetes.list(&PODS, Some(namespace));
    let ready =
        pods.find(|(_, pod)| object::selects(&selector, &pod["metadata"]["labels"]) && object::is_ready(pod));
    let Some((key, pod)) = ready else {
        return Err(Status::unavailable(format!("no endpoints available for service \"{name}\"")));
    };
    let target = match &port["targetPort"] {
        Value::String(named) => {
            let containers = object::list(pod, "/spec/containers").iter();
            let mut ports = containers.flat_map(|c| object::list(c, "/ports"));
            ports.find(|p| p["name"] == named.as_str()).and_then(|p| number(&p["containerPort"]))
        }
        Value::Null => number(&port["port"]),
        target => number(target),
    };
    Ok((key.clone(), target.unwrap_or_default()))
}

fn unreached(world: &World, pod: &Key, port: u16, dead: Dead) -> Status {
    let ip = world.kubernetes.get(&PODS, pod).map(|pod| object::text(pod, "/status/podIP").to_owned());
    let ip = ip.unwrap_or_default();
    if ip.is_empty() {
        return Status::bad_request("address not allowed");
    }
    let why = match dead {
        Dead::Refused => "connect: connection refused",
        Dead::Node(_) | Dead::Stopped => "connect: no route to host",
    };
    Status::unavailable(format!("error trying to reach service: dial tcp {ip}:{port}: {why}"))
}
