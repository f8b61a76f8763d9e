//! From a request to what answers it.

use super::{
    discovery,
    encoding::{Encoding, Form, Head},
    evict, forward, logs, patch, proxy,
    read::{self, Page},
    request::{Asked, Query},
    review,
    rights::{self, User},
    scale,
    select::Selector,
    serve::{self, Answer, Server},
    status::Status,
    watch::Watch,
    write,
};
use crate::demo::world::kubernetes::{PODS, Resource, SERVICES};
use http::{Method, Request, header::CONTENT_TYPE};
use hyper::body::Incoming;
use serde_json::Value;
use std::sync::Arc;

pub async fn route(server: &Server, request: Request<Incoming>) -> Result<Answer, Status> {
    let user = rights::user(request.headers())?;
    let query = Query::of(request.uri());
    let Some(asked) = Asked::of(request.method(), request.uri(), &query) else {
        return discovery::answer(request.uri().path(), request.headers());
    };
    user.check(&asked)?;
    if let Some(review) = review::Review::of(&asked) {
        let (kind, body) = serve::bytes(request, &[JSON, PROTOBUF]).await?;
        let question = if kind == PROTOBUF { review.decode(body)? } else { serve::parse(&body)? };
        return Ok(serve::json(201, &review.answer(user, question)));
    }
    resource(server, user, asked, query, request).await
}

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

async fn resource(
    server: &Server,
    user: &User,
    asked: Asked,
    query: Query,
    request: Request<Incoming>,
) -> Result<Answer, Status> {
    let resource = asked.resource()?;
    let shared = &server.shared;
    let form = |encoding| Form::new(encoding, resource, &query, shared);
    match (asked.verb, &*asked.subresource) {
        ("get", "" | "status") => {
            let form = form(Encoding::of(request.headers(), Some(resource))?);
            let object = shared.with(|world| read::get(world, resource, &asked))?;
            Ok(serve::object(200, &form, &object))
        }
        ("list", "") => {
            let form = form(Encoding::of(request.headers(), Some(resource))?);
            let page = Page::of(&query)?;
            let (head, objects) = shared.with(|world| page.list(world, resource, asked.scope()))?;
            Ok(serve::whole(200, form.encoding.content_type(false), form.list(&head, &objects)))
        }
        ("watch", "") => {
            let form = form(Encoding::of(request.headers(), Some(resource))?);
            let kind = form.encoding.content_type(true);
            let watch = Watch::new(shared, resource, &asked, &query, form)?;
            let told =
                futures::stream::unfold(watch, |mut watch| async { Some((watch.next().await?, watch)) });
            Ok(serve::pieces(kind, told))
        }
        ("get", "scale") if scale::is_scaled(resource) => {
            let scale = shared.with(|world| scale::get(world, resource, &asked))?;
            Ok(serve::json(200, &scale))
        }
        ("get", "log") if resource == &PODS => logs::log(server, resource, &asked, &query),
        ("get" | "create", "portforward") if resource == &PODS => {
            user.check_upgrade(&asked)?;
            forward::forward(server, resource, &asked, &query, request)
        }
        ("get", "proxy") if resource == &PODS || resource == &SERVICES => {
            proxy::get(server, resource, &asked, request.uri().query().unwrap_or_default()).await
        }
        ("get" | "create", "exec" | "attach") if resource == &PODS => Err(Status::not_implemented(
            "the containers of the demo are simulated: there is nothing to run in them",
        )),
        (
            "create" | "update" | "patch" | "delete" | "deletecollection",
            "" | "status" | "scale" | "eviction",
        ) => write(server, resource, &asked, &query, request).await,
        _ => Err(unserved(&asked, request.method())),
    }
}

async fn write(
    server: &Server,
    resource: &'static Resource,
    asked: &Asked,
    query: &Query,
    request: Request<Incoming>,
) -> Result<Answer, Status> {
    let shared = &server.shared;
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let content = headers.get(CONTENT_TYPE).and_then(|c| c.to_str().ok()).unwrap_or_default().to_owned();
    let patched = || patch::Kind::of(&content, !resource.group.ends_with("strimzi.io"));
    let dry = query.dry_run()?;
    let object = |code: u16, object: Arc<Value>| {
        let form = Form::new(Encoding::of(&headers, Some(resource))?, resource, query, shared);
        Ok(serve::object(code, &form, &object))
    };
    let scaled = asked.subresource == "scale";
    match (asked.verb, &*asked.subresource) {
        ("create", "") if asked.name.is_empty() => {
            let body = serve::read(request, &[JSON]).await?;
            object(201, shared.with(|world| write::create(world, resource, asked, body, dry))?)
        }
        ("create", "eviction") if resource.kind == "Pod" => {
            let body = serve::read(request, &[JSON]).await?;
            let said = shared.with(|world| evict::evict(world, resource, asked, &body, dry))?;
            Ok(serve::json(201, &said))
        }
        ("update" | "patch", "scale") if !scale::is_scaled(resource) => Err(unserved(asked, &method)),
        ("update", "" | "status" | "scale") => {
            let body = serve::read(request, &[JSON]).await?;
            if scaled {
                let change = |_: &Value| Ok(body);
                let scale = shared.with(|world| scale::change(world, resource, asked, dry, change))?;
                return Ok(serve::json(200, &scale));
            }
            let change = |before: &Value| write::replace(resource, before, body);
            object(200, shared.with(|world| write::change(world, resource, asked, dry, change))?)
        }
        ("patch", "" | "status" | "scale") => {
            let kind = patched()?;
            let body = serve::read(request, &[patch::MERGE, patch::STRATEGIC, patch::JSON]).await?;
            let change = |before: &Value| kind.apply(before, &body);
            if scaled {
                let scale = shared.with(|world| scale::change(world, resource, asked, dry, change))?;
                return Ok(serve::json(200, &scale));
            }
            object(200, shared.with(|world| write::change(world, resource, asked, dry, change))?)
        }
        ("delete" | "deletecollection", "") => {
            let (grace, policy) = (query.number("gracePeriodSeconds")?, query.get("propagationPolicy"));
            let body = serve::read(request, &[JSON]).await?;
            let options = write::options(&body, dry, grace, policy);
            if asked.verb == "delete" {
                let said = shared.with(|world| write::delete(world, resource, asked, &options))?;
                return Ok(serve::json(200, &said));
            }
            let text = |name: &str| query.get(name).unwrap_or_default();
            let selector = Selector::new(text("labelSelector"), text("fieldSelector"))?;
            let (version, gone) = shared.with(|world| {
                let gone = write::delete_all(world, resource, asked, &selector, &options);
                (world.kubernetes.version(), gone)
            });
            let form = Form::new(Encoding::Json, resource, query, shared);
            Ok(serve::whole(200, JSON, form.list(&Head { version, ..Head::default() }, &gone)))
        }
        _ => Err(unserved(asked, &method)),
    }
}

fn unserved(asked: &Asked, method: &Method) -> Status {
    match &*asked.subresource {
        "" => Status::not_allowed(&asked.named(), method.as_str()),
        _ => Status::no_such_path(),
    }
}
