//! From a request to what answers it.

use super::{
    discovery,
    encoding::{Encoding, Form},
    read::{self, Page},
    request::{Asked, Query},
    review, rights,
    serve::{self, Answer, Server},
    status::Status,
    watch::Watch,
};
use http::{Method, Request};
use hyper::body::Incoming;

pub async fn route(server: &Server, request: Request<Incoming>) -> Result<Answer, Status> {
    let user = rights::user(request.headers())?;
    let query = Query::of(request.uri());
    let Some(asked) = Asked::of(request.method(), request.uri(), &query) else {
        return discovery::answer(request.uri().path(), request.headers());
    };
    user.check(&asked)?;
    if let Some(review) = review::Review::of(&asked) {
        let body = serve::read(request, &[JSON]).await?;
        return Ok(serve::json(201, &review.answer(user, body)));
    }
    resource(server, asked, query, request).await
}

const JSON: &str = "application/json";

async fn resource(
    server: &Server,
    asked: Asked,
    query: Query,
    request: Request<Incoming>,
) -> Result<Answer, Status> {
    let resource = asked.resource()?;
    let shared = &server.shared;
    let form = |encoding| Form {
        encoding,
        resource,
        now: shared.with(|world| world.now),
        include: query.get("includeObject").unwrap_or_default().to_owned(),
    };
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
        _ => Err(unserved(&asked, request.method())),
    }
}

fn unserved(asked: &Asked, method: &Method) -> Status {
    match &*asked.subresource {
        "" => Status::not_allowed(&asked.named(), method.as_str()),
        _ => Status::no_such_path(),
    }
}
